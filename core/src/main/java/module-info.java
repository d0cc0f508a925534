/** Desist: cooperative cancellation. Needs the base module and nothing else. */
module dev.desist {
  requires static org.jspecify;

  exports dev.desist;
  exports dev.desist.concurrent;
  exports dev.desist.io;
  exports dev.desist.net;
  exports dev.desist.scope;
  exports dev.desist.shutdown;
  exports dev.desist.stream;
}
