// Has the files of the hits shown packed into a ZIP. It goes on whatever is searched meanwhile; another one takes its place.
import {lines} from './search.js';
import {bytes, clock, element, number} from './text.js';

const at = id => document.getElementById(id);
const button = at('download');
const panel = at('job');
const bar = at('job-bar');
const cancel = at('job-cancel');
const close = at('job-close');

let offered = null;
let newest = null;

const count = files => `${number(files)} ${files === 1 ? 'file' : 'files'}`;

/** Shows the button for what was found, if it is in any file. */
export function offerDownload(session, query, files) {
  offered = {session, query};
  button.textContent = files === 1 ? 'Download this file as ZIP' : `Download these ${number(files)} files as ZIP`;
  button.hidden = files === 0;
}

export function withdrawDownload() {
  offered = null;
  button.hidden = true;
}

async function start({session, query}) {
  const job = newest = {session, id: null, cancelled: false};
  const isNewest = () => job === newest;
  begin(query);
  try {
    const response = await fetch(`api/zip?${new URLSearchParams({session, q: query})}`, {method: 'POST'});
    if (!response.ok) {
      const {message} = await response.json();
      if (isNewest()) end('failed', message);
      return;
    }
    // To its end, also if it is no longer the newest: giving it up would be another reason to stop than the one the server has.
    let ended = false;
    for await (const line of lines(response.body)) {
      const answer = JSON.parse(line);
      if (answer.type === 'begin') job.id = answer.id;
      ended = answer.type === 'end';
      if (isNewest()) paint(job, answer);
    }
    if (!ended && isNewest()) end('failed', 'The search desk ended before the download was ready; nothing is left of it.');
  } catch {
    if (isNewest()) end('failed', 'The search desk does not answer. Was it stopped?');
  }
}

function begin(query) {
  panel.hidden = false;
  panel.dataset.state = 'running';
  at('job-title').textContent = `Files of “${query}” as ZIP`;
  at('job-figures').textContent = 'Looking for the files …';
  at('job-message').textContent = '';
  bar.removeAttribute('value');
  bar.hidden = false;
  close.hidden = true;
  cancel.hidden = false;
  cancel.disabled = true;
}

function paint(job, answer) {
  if (answer.type === 'begin') cancel.disabled = false;
  if (answer.type === 'progress') progress(answer);
  if (answer.type !== 'end') return;
  if (answer.how === 'cancelled') end('cancelled', `Stopped because ${answer.message}; nothing is left of it.`);
  else if (answer.how === 'failed') end('failed', `The download failed: ${answer.message}. Nothing is left of it.`);
  else if (job.cancelled) end('cancelled', 'It was ready just when you cancelled it; nothing is left of it.');
  else hand(job, answer);
}

function progress({files, totalFiles, bytes: size, fraction, secondsLeft}) {
  bar.value = fraction;
  const left = secondsLeft === undefined || files === totalFiles ? '' : `, ${clock(secondsLeft)} left`;
  at('job-figures').textContent = `${number(files)} of ${count(totalFiles)}, ${bytes(size)}${left}`;
}

/** The file is ready: the browser fetches it, and then it is gone from the desk. */
function hand({session, id}, {files, bytes: size}) {
  end('complete', `Ready: ${count(files)}, ${bytes(size)}, handed to your browser.`);
  const link = element('a');
  link.href = `api/zip/${id}?${new URLSearchParams({session})}`;
  link.download = '';
  link.click();
}

function end(state, message) {
  const focused = document.activeElement === cancel;
  panel.dataset.state = state;
  at('job-figures').textContent = '';
  at('job-message').textContent = message;
  bar.hidden = true;
  cancel.hidden = true;
  close.hidden = false;
  if (focused) close.focus();
}

button.addEventListener('click', () => start(offered));

cancel.addEventListener('click', () => {
  newest.cancelled = true;
  // How it ended is told by the answer that is under way; if the desk is gone, that says so.
  fetch(`api/zip/${newest.id}?${new URLSearchParams({session: newest.session})}`, {method: 'DELETE'}).catch(() => {});
});

close.addEventListener('click', () => {
  panel.hidden = true;
  (button.hidden ? at('query') : button).focus();
});
