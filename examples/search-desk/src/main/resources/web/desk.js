// Brings the parts together: the input, the results, the live feed, the keyboard.
import {SearchClient} from './search.js';
import {paintCounters, paintReading, paintTree} from './live.js';
import {closeFile, isOpen, openFile} from './viewer.js';
import {offerDownload, withdrawDownload} from './download.js';
import {element, marked, millis, number} from './text.js';

const at = id => document.getElementById(id);
const input = at('query');
const results = at('results');
const status = at('status');
const scan = at('scan');
const deadlines = [50, 100, 200, 300, 500, 1000, 2000, 5000, 0];

const client = new SearchClient();
let session = null;
let shownAtMost = 0;
let longest = Infinity;
let ready = false;
let stopped = false;

// ---- Searching

function search() {
  const query = input.value;
  if (isOpen()) closeFileQuietly();
  withdrawDownload();
  history.replaceState(null, '', query ? `#${encodeURIComponent(query)}` : location.pathname);
  if (!ready || session === null) return;
  at('hints').hidden = query !== '';
  if (query.trim() === '') {
    client.giveUp();
    clear();
    say(query === '' ? '' : 'Type something to look for: spaces alone match every line.');
    return;
  }
  if (query.length > longest) {
    client.giveUp();
    clear();
    say(`A query has at most ${number(longest)} characters, this one has ${number(query.length)}.`, 'problem');
    return;
  }
  results.classList.add('old');
  scan.hidden = false;
  scan.removeAttribute('value');
  const timeout = deadlines[at('deadline').value];
  client.search(query, {session, timeout, cancellation: at('cancellation').checked ? 'on' : 'off'}, view);
}

/** Hears of the newest search only. */
const view = {
  hits(query, answer) {
    fresh(query);
    if (answer.scanned > 0) scan.value = answer.scanned;
    for (const hit of answer.hits) append(hit);
    say(`${number(answer.count)} ${answer.count === 1 ? 'line' : 'lines'} so far …`);
  },
  end(query, answer) {
    fresh(query);
    scan.hidden = true;
    results.dataset.end = answer.how;
    const shown = answer.count > shownAtMost ? `, the first ${number(shownAtMost)} of them shown` : '';
    const lines = `${number(answer.count)} ${answer.count === 1 ? 'line' : 'lines'}`;
    if (answer.how === 'complete') {
      say(answer.count === 0 ? `No line contains “${query}”.` : `${lines}${shown}, in ${millis(answer.millis)}.`);
      offerDownload(session, query, results.querySelectorAll('.file').length);
    } else if (answer.how === 'cancelled') {
      say(`Stopped after ${millis(answer.millis)}, because ${answer.message}; ${lines} until then${shown}.`, 'problem');
    } else {
      say(`The search failed. ${answer.message}`, 'problem');
    }
  },
  failed(message) {
    clear();
    say(message, 'problem');
  },
};

/** The first answer to a query takes the place of what was shown for the one before. */
function fresh(query) {
  if (results.classList.contains('old') || results.dataset.query !== query) {
    clear();
    results.dataset.query = query;
  }
}

function clear() {
  results.replaceChildren();
  results.classList.remove('old');
  delete results.dataset.query;
  delete results.dataset.end;
  withdrawDownload();
  scan.hidden = true;
}

function append(hit) {
  let group = results.lastElementChild;
  if (group?.dataset.path !== hit.path) {
    group = element('article', 'file', element('h3', '', ...pathParts(hit.path)));
    group.dataset.path = hit.path;
    results.append(group);
  }
  const row = element('button', 'hit', element('span', 'number', String(hit.line)),
    element('code', '', hit.cutBefore ? '…' : '', ...marked(hit.text, hit.matches), hit.cutAfter ? '…' : ''));
  row.type = 'button';
  row.dataset.query = results.dataset.query;
  row.addEventListener('click', () => openFile(session, hit, markAll(row.dataset.query)));
  group.append(row);
}

function pathParts(path) {
  const cut = path.lastIndexOf('/') + 1;
  return [element('span', 'folder', path.slice(0, cut)), path.slice(cut)];
}

/** Marks a query in a line as the server does: case of ASCII letters aside. */
function markAll(query) {
  const fold = text => text.replace(/[A-Z]+/g, letters => letters.toLowerCase());
  const wanted = fold(query);
  return line => {
    const folded = fold(line);
    const ranges = [];
    for (let i = folded.indexOf(wanted); i >= 0; i = folded.indexOf(wanted, i + wanted.length)) ranges.push([i, i + wanted.length]);
    return marked(line, ranges);
  };
}

function say(text, kind = '') {
  status.textContent = text;
  status.className = kind;
}

// ---- The live feed

const feed = new EventSource('api/live');

feed.addEventListener('hello', event => {
  const hello = JSON.parse(event.data);
  session = hello.session;
  shownAtMost = hello.shown;
  longest = hello.longest;
  document.body.dataset.session = session;
  document.body.dataset.source = hello.source;
  if (ready) search();
});

feed.addEventListener('index', event => {
  const index = JSON.parse(event.data);
  const wasReady = ready;
  ready = paintReading(index);
  at('source').textContent = ready
    ? `${document.body.dataset.source} · ${number(index.files)} files · ${number(index.lines)} lines`
    : document.body.dataset.source;
  at('hints').hidden = !ready || input.value !== '';
  document.body.classList.toggle('ready', ready);
  if (ready && !wasReady) search();
});

feed.addEventListener('desk', event => {
  const desk = JSON.parse(event.data);
  paintCounters(desk.counters);
  paintTree(desk.tree, session);
});

feed.addEventListener('goodbye', event => {
  stopped = true;
  at('goodbye-message').textContent = JSON.parse(event.data).message;
  at('goodbye').hidden = false;
  at('reload').focus();
});

feed.addEventListener('error', () => {
  session = null;
  if (stopped) {
    feed.close();
  } else {
    at('source').textContent = 'The search desk does not answer; trying again …';
  }
});

// ---- Controls and keyboard

input.addEventListener('input', search);
at('form').addEventListener('submit', event => {
  event.preventDefault();
  results.querySelector('.hit')?.focus();
});

for (const hint of document.querySelectorAll('#hints [data-query]')) {
  hint.addEventListener('click', () => {
    input.value = hint.dataset.query;
    input.focus();
    search();
  });
}

at('cancellation').addEventListener('change', event => {
  at('cancellation-state').textContent = event.target.checked ? 'on' : 'off';
});

at('deadline').addEventListener('input', event => {
  const timeout = deadlines[event.target.value];
  at('deadline-state').textContent = timeout === 0 ? 'none' : millis(timeout);
});

at('reading-cancel').addEventListener('click', () => fetch('api/index/cancel', {method: 'POST'}));
at('reading-continue').addEventListener('click', () => fetch('api/index/continue', {method: 'POST'}));
at('viewer-close').addEventListener('click', closeFile);
at('reload').addEventListener('click', () => location.reload());

function closeFileQuietly() {
  closeFile();
  input.focus();
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/' && document.activeElement !== input) {
    event.preventDefault();
    input.focus();
    input.select();
  } else if (event.key === 'Escape' && isOpen()) {
    event.preventDefault();
    closeFile();
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && !isOpen()) {
    walk(event, event.key === 'ArrowDown' ? 1 : -1);
  }
});

function walk(event, step) {
  const hits = [...results.querySelectorAll('.hit')];
  const current = hits.indexOf(document.activeElement);
  if (hits.length === 0 || (current < 0 && document.activeElement !== input)) return;
  event.preventDefault();
  const next = current + step;
  if (next < 0) input.focus();
  else hits[Math.min(next, hits.length - 1)].focus();
}

try {
  input.value = decodeURIComponent(location.hash.slice(1));
} catch {
  // Somebody wrote the address by hand, wrongly.
}
