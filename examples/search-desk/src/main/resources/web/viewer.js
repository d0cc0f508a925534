// Shows a file around one of its lines.
import {element, visible} from './text.js';

const viewer = document.getElementById('viewer');
const path = document.getElementById('viewer-path');
const text = document.getElementById('viewer-text');

let newest = 0;
let returnTo = null;

export async function openFile(session, hit, mark) {
  const mine = ++newest;
  returnTo = document.activeElement;
  path.textContent = hit.path;
  text.replaceChildren(element('p', 'note', 'Reading …'));
  viewer.hidden = false;
  try {
    const response = await fetch(`api/file?${new URLSearchParams({session, path: hit.path, line: hit.line})}`);
    const answer = await response.json();
    if (mine !== newest) return;
    if (!response.ok) {
      text.replaceChildren(element('p', 'note', answer.message));
      return;
    }
    paint(answer, hit.line, mark);
  } catch {
    if (mine === newest) text.replaceChildren(element('p', 'note', 'The search desk does not answer. Was it stopped?'));
  }
}

function paint(answer, line, mark) {
  const rows = answer.lines.map((content, i) => {
    const number = answer.first + i;
    const row = element('div', number === line ? 'row here' : 'row', element('span', 'number', String(number)),
      element('code', '', ...mark(visible(content))));
    return row;
  });
  text.replaceChildren(...rows);
  text.querySelector('.here')?.scrollIntoView({block: 'center'});
  text.focus({preventScroll: true});
}

export const isOpen = () => !viewer.hidden;

export function closeFile() {
  newest++;
  viewer.hidden = true;
  text.replaceChildren();
  returnTo?.focus();
}
