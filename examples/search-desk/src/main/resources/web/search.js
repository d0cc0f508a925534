// One search per keystroke; the newest wins. Nothing of an older one is painted once a newer has begun.

export class SearchClient {
  #newest = 0;
  #open = new Map();

  /** Starts a search. The view hears begin, hits, end and failed, but only while this search is the newest. */
  async search(query, parameters, view) {
    const sequence = ++this.#newest;
    const abort = new AbortController();
    this.#open.set(sequence, abort);
    const newest = () => sequence === this.#newest;
    try {
      const response = await fetch(`api/search?${new URLSearchParams({q: query, sequence, ...parameters})}`, {signal: abort.signal});
      // The server has this one now, and has itself superseded those before: their connections can go.
      this.#giveUpBefore(sequence);
      if (!response.ok) {
        const {message} = await response.json();
        if (newest()) view.failed(message);
        return;
      }
      for await (const line of lines(response.body)) {
        if (!newest()) return;
        const answer = JSON.parse(line);
        if (answer.type === 'hits') view.hits(query, answer);
        if (answer.type === 'end') view.end(query, answer);
      }
    } catch (problem) {
      if (newest() && problem.name !== 'AbortError') view.failed('The search desk does not answer. Was it stopped?');
    } finally {
      this.#open.delete(sequence);
      abort.abort();
    }
  }

  /** Nobody wants an answer any more. */
  giveUp() {
    this.#newest++;
    this.#giveUpBefore(this.#newest);
  }

  #giveUpBefore(sequence) {
    for (const [older, abort] of this.#open) {
      if (older < sequence) abort.abort();
    }
  }
}

/** The lines of an answer, as they come. */
export async function* lines(body) {
  let rest = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + piece).split('\n');
    rest = parts.pop();
    yield* parts;
  }
  if (rest) yield rest;
}
