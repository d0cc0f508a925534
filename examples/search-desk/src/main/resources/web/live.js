// Paints what the server tells about itself: the tree, the counters, the reading of the source.
import {clock, element, millis, number, seconds} from './text.js';

const at = id => document.getElementById(id);

export function paintCounters(counters) {
  at('count-complete').textContent = number(counters.complete);
  at('count-cancelled').textContent = number(counters.cancelled + counters.neverStarted);
  at('seconds-spent').textContent = seconds(counters.secondsSpent);
  at('seconds-saved').textContent = counters.secondsSaved === undefined ? '–' : seconds(counters.secondsSaved);
}

/** The longest statement seen gives the scale of the bars. */
let longest = 200;

export function paintTree(tree, ownSession) {
  paintChildren(at('tree'), [tree], `session ${ownSession}`);
}

/** Keeps the elements of nodes that are still there, so that nothing flickers; the newest come first. */
function paintChildren(list, nodes, own) {
  const before = new Map([...list.children].map(item => [item.dataset.key, item]));
  const items = nodes.map((node, position) => {
    const key = `${node.name}#${node.name === 'index' ? position : ''}`;
    const item = before.get(key) ?? newItem(key);
    paintNode(item, node, own);
    return item;
  }).reverse();
  if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) list.replaceChildren(...items);
}

function newItem(key) {
  const item = element('li', '', element('div', 'node', element('i'), element('span', 'name'), element('q', 'label'), element('span', 'why'),
    element('span', 'stop'), element('span', 'time')), element('ul'));
  item.dataset.key = key;
  return item;
}

function paintNode(item, node, own) {
  const [row, below] = item.children;
  const [, name, label, why, stop, time] = row.children;
  item.dataset.state = node.state;
  item.dataset.kind = node.name.split(' ')[0];
  set(name, node.name === own ? `${node.name} (this page)` : node.name);
  set(label, node.label);
  set(why, node.reason ?? (node.state === 'running' && node.millis === undefined ? '' : node.state));
  set(stop, node.stopMillis === undefined ? '' : millis(node.stopMillis));
  set(time, node.millis === undefined ? '' : millis(node.millis));
  row.title = node.message ? `${node.reason}: ${node.message} (${node.origin})` : '';
  if (node.millis > longest && item.dataset.kind !== 'download') longest = node.millis;
  row.style.setProperty('--part', node.millis === undefined ? 0 : Math.min(1, node.millis / longest));
  paintChildren(below, node.children, own);
}

function set(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

const titles = {
  checking: 'Looking at the cache',
  reading: 'Reading the source',
  stopped: 'Reading was stopped',
  failed: 'The source cannot be read',
};

/** Paints how far reading has come; returns whether there is something to search. */
export function paintReading(index) {
  const ready = index.state === 'ready';
  at('reading').hidden = ready;
  if (ready) return true;
  at('reading-title').textContent = titles[index.state];
  at('reading-bar').value = index.fraction;
  at('reading-files').textContent = `${number(index.files)} of ${number(index.totalFiles)}`;
  at('reading-lines').textContent = number(index.lines);
  at('reading-rate').textContent = number(index.linesPerSecond);
  at('reading-left').textContent = index.state === 'reading' ? clock(index.secondsLeft) : '–';
  at('reading-message').textContent = index.state === 'stopped' ? `Stopped because ${index.message}. What is read is kept.` : index.message;
  at('reading-cancel').hidden = index.state !== 'reading' && index.state !== 'checking';
  at('reading-continue').hidden = index.state !== 'stopped';
  return false;
}
