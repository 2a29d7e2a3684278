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

/** A named place of the page. */
export const part = (name) => document.querySelector(`[data-sb="${name}"]`);

export const json = (id) => JSON.parse(document.getElementById(id)?.textContent || 'null');

/** Fill %(name)s of a text. */
export const fill = (text, values = {}) => text.replace(/%\((\w+)\)[sd]/g, (_all, name) => values[name] ?? '').replaceAll('%%', '%');

/** A label as it begins a line. */
export const capital = (label) => label.charAt(0).toUpperCase() + label.slice(1);

const grouped = new Intl.NumberFormat(document.documentElement.lang || 'en');
export const number = (value) => (value === null || value === undefined ? '–' : grouped.format(value));

const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1]
  || document.querySelector('[name=csrfmiddlewaretoken]')?.value || '';

/**
 * Ask the server. Returns { ok, status, body }: status 0 without an answer, 401 when the session has ended.
 * Throws AbortError when a newer question took its place.
 */
export async function ask(url, body, signal) {
  const options = { signal, headers: { Accept: 'application/json' }, credentials: 'same-origin' };
  if (body !== undefined) {
    options.method = 'POST';
    options.headers['Content-Type'] = 'application/json';
    options.headers['X-CSRFToken'] = token();
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(url, options);
    // Who is not signed in any more is led to the sign-in page, which is no answer.
    if (answer.redirected) return { ok: false, status: 401, body: null };
    const kind = answer.headers.get('Content-Type') || '';
    const read = kind.includes('json') ? await answer.json() : null;
    return { ok: answer.ok && read !== null, status: answer.status, body: read };
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    return { ok: false, status: 0, body: null };
  }
}

/** What is said of a question that was not answered. */
export function problem(answer, texts) {
  if (answer.body?.message) return answer.body.message;
  return { 0: texts.failed, 401: texts.signedOut, 403: texts.notAllowed, 404: texts.gone }[answer.status] || texts.wentWrong;
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
