// Reading the form, showing what belongs to a choice, asking the server.

export const json = (id) => JSON.parse(document.getElementById(id)?.textContent || 'null');

const token = () => document.cookie.match(/csrftoken=([^;]+)/)?.[1]
  || document.querySelector('[name=csrfmiddlewaretoken]')?.value || '';

/** Ask the server. Returns { ok, status, body }: status 0 without an answer, 401 when the session has ended. */
export async function ask(url, body, { method = 'POST', keepalive = false } = {}) {
  const headers = { Accept: 'application/json' };
  const options = { method, keepalive, headers, credentials: 'same-origin' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    headers['X-CSRFToken'] = token();
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(url, options);
    if (answer.redirected) return { ok: false, status: 401, body: null };
    const kind = answer.headers.get('Content-Type') || '';
    const read = kind.includes('json') ? await answer.json() : null;
    return { ok: answer.ok && read !== null, status: answer.status, body: read };
  } catch {
    return { ok: false, status: 0, body: null };
  }
}

/** Run `work` when nobody asked again for `wait` ms. */
export function latest(work, wait) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, wait); };
}

const inputs = (form, name) => [...form.querySelectorAll(`[data-field="${name}"]`)];

/** What a field says: a list for boxes of a list, true or false for a box alone. */
export function value(form, name) {
  const found = inputs(form, name);
  const first = found[0];
  if (!first) return null;
  if (first.type === 'radio') return found.find((one) => one.checked)?.value ?? '';
  if ('list' in first.dataset) return found.filter((one) => one.checked).map((one) => one.value);
  return first.type === 'checkbox' ? first.checked : first.value;
}

/** The changed fields as the server takes them; a test is sent as a whole. */
export function values(form, names) {
  const found = {};
  for (const name of names) {
    if (name !== 'test') found[name] = value(form, name);
    else {
      found.test = {
        lever: form.querySelector('[name=lever]:checked')?.value ?? '',
        arms: [...form.querySelectorAll('[data-arm]')].map((one) => one.value),
        tones: [...form.querySelectorAll('[data-tone]')].map((one) => one.value),
        holdout: form.querySelector('[name=holdout]').value,
        tested: form.querySelector('[name=tested]')?.checked ?? false,
        test_share: form.querySelector('[name=test_share]')?.value,
        metric: form.querySelector('[name=metric]:checked')?.value,
        decide_after: form.querySelector('[name=decide_after]')?.value,
      };
    }
  }
  return found;
}

/** Show what belongs to the present choices: data-when="timing=at,recurring & each_zone=true". */
export function evaluate(form) {
  for (const part of form.querySelectorAll('[data-when]')) {
    part.hidden = !part.dataset.when.split('&').every((condition) => {
      const [name, wanted] = condition.trim().split('=');
      const named = form.elements.namedItem(name);
      const has = inputs(form, name).length && name !== 'test' ? value(form, name)
        : named?.type === 'checkbox' ? named.checked : named?.value ?? '';
      const held = Array.isArray(has) ? has : [String(has)];
      return wanted.split(',').some((one) => (one === '*' ? held.some(Boolean) && held[0] !== '' : held.includes(one)));
    });
  }
}
