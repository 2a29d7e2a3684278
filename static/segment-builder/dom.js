// Small helpers: elements without markup in strings, texts of the page, answers of the server.

/** Make an element: h('button', { class: 'x', onclick: f, 'aria-label': 'y' }, child, 'text', …). */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'value' && 'value' in element) element.value = value;
    else if (key === 'checked' || key === 'selected' || key === 'disabled' || key === 'hidden') element[key] = true;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const icon = (name) => h('span', { class: 'material-symbols-outlined', 'aria-hidden': 'true' }, name);

export const json = (id) => JSON.parse(document.getElementById(id)?.textContent || 'null');

/** Fill %(name)s of a text. */
export const fill = (text, values = {}) => text.replace(/%\((\w+)\)[sd]/g, (_all, name) => values[name] ?? '').replaceAll('%%', '%');

/** A label as it begins a line. */
export const capital = (label) => label.charAt(0).toUpperCase() + label.slice(1);

const grouped = new Intl.NumberFormat(document.documentElement.lang || 'en');
export const number = (value) => (value === null || value === undefined ? '–' : grouped.format(value));

const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1]
  || document.querySelector('[name=csrfmiddlewaretoken]')?.value || '';

/** Ask the server. Returns { ok, status, body }; throws AbortError when a newer question took its place. */
export async function ask(url, body, signal) {
  const options = { signal, headers: { Accept: 'application/json' }, credentials: 'same-origin' };
  if (body !== undefined) {
    options.method = 'POST';
    options.headers['Content-Type'] = 'application/json';
    options.headers['X-CSRFToken'] = token();
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(url, options);
  const kind = answer.headers.get('Content-Type') || '';
  return { ok: answer.ok, status: answer.status, body: kind.includes('json') ? await answer.json() : null };
}

/** Run `work(signal)` when nobody asked again for `wait` ms; an answer that is overtaken is dropped. */
export function latest(work, wait = 250) {
  let timer = 0;
  let running = null;
  return (...given) => {
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    timer = setTimeout(() => {
      work(signal, ...given).catch((error) => { if (error.name !== 'AbortError') throw error; });
    }, wait);
  };
}
