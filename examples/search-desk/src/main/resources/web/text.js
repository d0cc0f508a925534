// Small helpers for words, numbers and elements.

const whole = new Intl.NumberFormat('en');

export const number = value => whole.format(value);

export const seconds = value => value.toFixed(value < 10 ? 2 : 1);

export function millis(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

export function clock(value) {
  const rest = Math.ceil(value);
  return rest < 60 ? `${rest} s` : `${Math.floor(rest / 60)} min ${rest % 60} s`;
}

export function bytes(value) {
  if (value < 1e3) return `${value} bytes`;
  return value < 1e6 ? `${Math.round(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** An element with a class and text or children. */
export function element(name, className = '', ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** Control characters have no shape of their own: show the picture Unicode has for them. */
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f]/g, c => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, '\u2421');
}

/** A line with its matches marked; ranges are pairs of start and end. */
export function marked(text, ranges) {
  const parts = [];
  let at = 0;
  for (const [start, end] of ranges) {
    parts.push(visible(text.slice(at, start)), element('mark', '', visible(text.slice(start, end))));
    at = end;
  }
  parts.push(visible(text.slice(at)));
  return parts;
}
