// The small inputs of which an editor is made. Each has a key that outlives a redraw, so that focus stays.
import { ask, h, icon, latest } from './dom.js';

/** A list to choose from. */
export function select(key, label, options, value, choose) {
  const known = options.some((option) => String(option.value) === String(value));
  const shown = known ? options : [{ value, label: String(value ?? '') }, ...options];
  return h(
    'select',
    { 'data-key': key, 'aria-label': label, onchange: (event) => choose(event.target.value) },
    shown.map((option) => h('option', { value: option.value, selected: String(option.value) === String(value) }, option.label)),
  );
}

/** A number; `percent` shows a share as per cent. Calls `give` with null while nothing sensible stands there. */
export function numeral(key, label, value, give, { unit = '', sign = '', percent = false, whole = false, least = null } = {}) {
  const shown = value === null || value === undefined || Number.isNaN(value) ? '' : percent ? Number((value * 100).toFixed(6)) : value;
  const box = h('input', {
    type: 'number', 'data-key': key, 'aria-label': unit ? `${label} (${unit})` : label, value: shown, step: whole ? 1 : 'any',
    min: least, inputmode: whole ? 'numeric' : 'decimal', class: 'sb-number',
    oninput: (event) => {
      const read = event.target.value === '' ? null : event.target.valueAsNumber;
      give(read === null || Number.isNaN(read) ? null : percent ? Number((read / 100).toFixed(8)) : read);
    },
  });
  if (!unit && !sign) return box;
  return h('span', { class: 'sb-unit' }, sign && h('span', { 'aria-hidden': 'true' }, sign), box, unit && h('span', { 'aria-hidden': 'true' }, unit));
}

export function line(key, label, value, give, { placeholder = '', suggest = null, wide = false } = {}) {
  const list = suggest && suggestions(key, suggest);
  return h('span', { class: 'sb-inline' }, h('input', {
    type: 'text', 'data-key': key, 'aria-label': label, value: value ?? '', placeholder, maxlength: 500, autocomplete: 'off',
    list: list?.id, class: wide ? 'sb-wide' : '',
    oninput: (event) => { list?.update(event.target.value); give(event.target.value); },
    onfocus: (event) => list?.update(event.target.value),
  }), list);
}

/** Several texts: pills that can be taken away, and a field for the next one. Enter, a comma or leaving adds. */
export function tokens(key, label, values, change, { texts, suggest = null, names = new Map(), placeholder = '' }) {
  const held = Array.isArray(values) ? values : values ? [values] : [];
  const list = suggest && suggestions(key, suggest, names);
  const add = (box) => {
    const more = box.value.split(/[,，\n]/).map((text) => text.trim()).filter(Boolean);
    if (more.length) change([...new Set([...held, ...more])], 'box');
  };
  const box = h('input', {
    type: 'text', 'data-key': `${key}:box`, 'aria-label': label, placeholder: held.length ? '' : placeholder, maxlength: 500,
    autocomplete: 'off', list: list?.id,
    oninput: (event) => {
      const chosen = list && [...list.options].some((option) => option.value === event.target.value);
      if (chosen && event.inputType !== 'insertText') add(event.target);
      else list?.update(event.target.value);
    },
    onfocus: (event) => list?.update(event.target.value),
    onkeydown: (event) => {
      if (event.key === 'Enter' || event.key === ',' || event.key === '，') {
        event.preventDefault();
        add(event.target);
      } else if (event.key === 'Backspace' && !event.target.value && held.length) change(held.slice(0, -1), 'box');
    },
    onblur: (event) => { if (event.target.value.trim()) add(event.target); },
  });
  return h(
    'span',
    { class: 'sb-tokens' },
    held.map((value, index) => h('span', { class: 'sb-token' }, h('span', { 'data-name': String(value), title: names.has(value) ? value : null }, names.get(value) || String(value)), h(
      'button',
      {
        type: 'button', 'data-key': `${key}:${index}`, 'aria-label': `${texts.remove}: ${names.get(value) || value}`,
        onclick: () => change(held.filter((_one, i) => i !== index), 'box'),
      },
      icon('close'),
    ))),
    box,
    list,
  );
}

/** Every choice as a switch of its own. */
export function chips(key, label, choices, chosen, change) {
  const held = new Set(chosen || []);
  return h(
    'span',
    { class: 'sb-chips', role: 'group', 'aria-label': label },
    choices.map((choice) => h(
      'button',
      {
        type: 'button', class: 'sb-chip', 'data-key': `${key}:${choice.value}`, 'aria-pressed': String(held.has(choice.value)),
        onclick: () => {
          if (held.has(choice.value)) held.delete(choice.value);
          else held.add(choice.value);
          change(choices.map((one) => one.value).filter((value) => held.has(value)));
        },
      },
      choice.label,
    )),
  );
}

/** A moment: a date, or the beginning of this or an earlier day, week, month … */
export function moment(key, label, value, change, { texts, schema }) {
  const anchored = value !== null && typeof value === 'object';
  const timed = !anchored && /T/.test(value || '');
  const kept = anchored ? '' : (value || '').slice(0, 10);
  const begun = { date: () => kept, time: () => `${kept}T${kept ? '00:00' : ''}`, start: () => ({ start_of: 'month', shift: 0 }) };
  const mode = select(
    `${key}:mode`, label,
    [{ value: 'date', label: texts.onDate }, { value: 'time', label: texts.onTime }, { value: 'start', label: texts.startOf }],
    anchored ? 'start' : timed ? 'time' : 'date',
    (chosen) => change(begun[chosen](), true),
  );
  if (!anchored) {
    const box = h('input', {
      type: timed ? 'datetime-local' : 'date', 'data-key': `${key}:date`, 'aria-label': texts.date,
      value: (value || '').slice(0, timed ? 16 : 10), oninput: (event) => change(event.target.value || (timed ? 'T' : ''), false),
    });
    return h('span', { class: 'sb-inline' }, mode, box);
  }
  const shifts = [0, -1, -2, -3, -6, -12].map((shift) => ({ value: shift, label: shift ? texts.ago[String(-shift)] : texts.thisOne }));
  return h(
    'span',
    { class: 'sb-inline' },
    mode,
    select(`${key}:shift`, texts.which, shifts, value.shift || 0, (shift) => change({ ...value, shift: Number(shift) }, true)),
    select(`${key}:anchor`, texts.period, schema.anchors, value.start_of, (anchor) => change({ ...value, start_of: anchor }, true)),
  );
}

/** A list of suggestions that the server fills while one types. */
function suggestions(key, url, names = new Map()) {
  const list = h('datalist', { id: `list-${key.replaceAll(/[^\w-]/g, '-')}` });
  const load = latest(async (signal, words) => {
    const answer = await ask(`${url}&q=${encodeURIComponent(words)}`, undefined, signal);
    if (!answer.ok) return;
    list.replaceChildren(...answer.body.results.map((found) => {
      names.set(found.value, found.label);
      return h('option', { value: found.value }, found.label === found.value ? '' : found.label);
    }));
  }, 200);
  list.update = (words) => load(words);
  return list;
}
