# Finds what the project needs on this machine: a JDK 25, some Maven, and for the tests a browser.
# Read by ./demo and ./test with "."; not run by itself. What is missing is installed with the
# system's package manager if that can be done without asking; otherwise a message says how to get it.

say() {
  echo "$script: $*" >&2
}

stop() {
  say "$@"
  exit 1
}

# Whether this folder holds a complete JDK 25.
is_jdk_25() {
  [ -x "$1/bin/javac" ] && grep -q '^JAVA_VERSION="25' "$1/release" 2>/dev/null
}

# Prints the home of a JDK 25, the first that is found.
find_jdk_25() {
  for home in "${JAVA_HOME:-}" "${JAVA25_HOME:-}" /usr/lib/jvm/* /usr/java/* /opt/* /opt/*/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "$(/usr/libexec/java_home -v 25 2>/dev/null || true)"; do
    if [ -n "$home" ] && is_jdk_25 "$home"; then
      (cd -P "$home" && pwd)
      return 0
    fi
  done
  return 1
}

# Installs packages, given as "debian-name fedora-name alpine-name"; - where a system has none. Says what it does.
install_package() {
  if [ "$(id -u)" = 0 ]; then
    as_root=
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=sudo
  else
    say "cannot install $1: neither root nor sudo without a password"
    return 1
  fi
  if command -v apt-get >/dev/null 2>&1; then
    if ! apt-cache show "$1" >/dev/null 2>&1; then
      say "reading the package lists"
      $as_root apt-get -q update </dev/null >/dev/null 2>&1 || true
    fi
    if ! apt-cache show "$1" >/dev/null 2>&1; then
      say "this system has no package $1"
      return 1
    fi
    say "installing $1 with apt-get"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$1" </dev/null >&2
  elif command -v dnf >/dev/null 2>&1 && [ "$2" != - ]; then
    say "installing $2 with dnf"
    $as_root dnf -q install -y "$2" </dev/null >&2
  elif command -v apk >/dev/null 2>&1 && [ "$3" != - ]; then
    say "installing $3 with apk"
    $as_root apk add "$3" </dev/null >&2
  else
    return 1
  fi
}

# Sets jdk to the home of a JDK 25.
require_jdk() {
  if ! jdk=$(find_jdk_25); then
    say "no JDK 25 in JAVA_HOME, JAVA25_HOME, /usr/lib/jvm, /opt, ~/.sdkman or ~/.jdks"
    install_package openjdk-25-jdk-headless java-25-openjdk-devel openjdk25-jdk || true
    jdk=$(find_jdk_25) || stop "A JDK 25 is needed. Either install your system's package (Debian 13: openjdk-25-jdk-headless)," \
      "or unpack any JDK 25, such as Temurin's from https://adoptium.net, and name its folder in JAVA25_HOME."
  fi
  export JAVA25_HOME="$jdk"
  say "using the JDK 25 in $jdk"
}

# Makes sure that ./mvnw can start: it brings its own Maven with the help of any other.
require_maven() {
  if command -v mvn >/dev/null 2>&1 || ls "${MAVEN_USER_HOME:-$HOME/.m2}"/wrapper/dists/apache-maven-*/bin/mvn >/dev/null 2>&1; then
    return 0
  fi
  say "no Maven is installed"
  install_package maven maven maven || true
  command -v mvn >/dev/null 2>&1 || stop "Maven is needed, any version: install your system's package maven."
}

# Prints the first of these programs that is installed.
find_program() {
  for name in "$@"; do
    command -v "$name" && return 0
  done
  return 1
}

# Sets CHROMIUM and CHROMEDRIVER for the browser tests.
require_browser() {
  if [ -z "${CHROMIUM:-}" ]; then
    CHROMIUM=$(find_program chromium chromium-browser google-chrome) \
      || { install_package chromium chromium chromium && CHROMIUM=$(find_program chromium chromium-browser); } \
      || stop "The browser tests need Chromium: install your system's package chromium, or name a Chromium or Chrome in CHROMIUM."
  fi
  if [ -z "${CHROMEDRIVER:-}" ]; then
    CHROMEDRIVER=$(find_program chromedriver) \
      || { install_package chromium-driver chromedriver chromium-chromedriver && CHROMEDRIVER=$(find_program chromedriver); } \
      || stop "The browser tests need ChromeDriver: install your system's package chromium-driver, or name one in CHROMEDRIVER."
  fi
  export CHROMIUM CHROMEDRIVER
  say "using the browser $CHROMIUM with $CHROMEDRIVER"
}
