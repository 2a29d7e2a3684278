// One input for each type of field that the server's language names. Values are those of the vocabulary.
import { h, icon } from '../segment-builder/dom.js';
import { chips, line, select, tokens } from '../segment-builder/inputs.js';

/** What fields need to know: `texts`, `schema`, `names` by kind, `suggest(kind)`, `currencies()`, `readonly`. */
export function fields(about) {
  const { texts, schema } = about;

  const labelled = (label, input, note) => h(
    'div', { class: 'of-field' }, h('span', { class: 'of-label', 'aria-hidden': 'true' }, label), input,
    note ? h('span', { class: 'st-mute st-small' }, note) : null,
  );
  const plain = (key, label, value, give, attributes = {}) => h('input', {
    type: 'text', 'data-key': key, 'aria-label': label, value: value ?? '', autocomplete: 'off', maxlength: 100,
    oninput: (event) => give(event.target.value.trim()), ...attributes,
  });
  const number = (key, label, value, give, whole) => h('input', {
    type: 'number', 'data-key': key, 'aria-label': label, value: value ?? '', min: 0, step: whole ? 1 : 'any', class: 'of-number',
    inputmode: whole ? 'numeric' : 'decimal', autocomplete: 'off',
    oninput: (event) => {
      const text = event.target.value;
      if (text === '') give(undefined);
      else give(whole && Number.isInteger(Number(text)) ? Number(text) : text);
    },
  });
  const sign = (input, text) => h('span', { class: 'sb-unit' }, input, h('span', { 'aria-hidden': 'true' }, text));

  // An amount is one text, or one for each currency where there are several.
  function money(key, label, value, give) {
    const currencies = about.currencies();
    const of = (currency) => (value !== null && typeof value === 'object' ? value[currency] : currency === currencies[0] ? value : undefined);
    if (currencies.length < 2) return sign(number(key, label, of(currencies[0]), (text) => give(text === undefined ? undefined : String(text))), currencies[0]);
    const held = Object.fromEntries(currencies.map((currency) => [currency, of(currency)]).filter(([, amount]) => amount !== undefined));
    return h('span', { class: 'of-moneys' }, currencies.map((currency) => sign(
      number(`${key}:${currency}`, `${label} (${currency})`, held[currency], (text) => {
        if (text === undefined) delete held[currency];
        else held[currency] = String(text);
        give(Object.keys(held).length ? { ...held } : undefined);
      }), currency,
    )));
  }

  function many(key, label, values, change, kind) {
    return tokens(key, label, values, change, { texts, names: about.names(kind), suggest: kind ? about.suggest(kind) : null });
  }

  function selection(key, label, value, change, optional) {
    const held = value || {};
    const rows = () => schema.selections.map((one) => labelled(
      one.label, many(`${key}.${one.name}`, one.label, held[one.name], (values) => {
        const next = { ...held, [one.name]: values };
        if (!values.length) delete next[one.name];
        change(next, true);
      }, one.suggest),
    ));
    if (!optional) return h('div', { class: 'of-selection' }, rows());
    const mode = select(
      `${key}:mode`, label, [{ value: '', label: texts.everything }, { value: 'some', label: texts.onlySome }], value ? 'some' : '',
      (chosen) => change(chosen ? {} : undefined, true),
    );
    return h('div', { class: 'of-selection' }, mode, value ? rows() : null);
  }

  function moment(key, label, value, give) {
    return h('input', { type: 'datetime-local', 'data-key': key, 'aria-label': label, value: value || '', oninput: (event) => give(event.target.value || undefined) });
  }

  function period(key, label, value, give) {
    const held = { ...value };
    return h('span', { class: 'of-period' }, ['from', 'until'].map((end) => labelled(texts[end], moment(`${key}.${end}`, `${label}, ${texts[end]}`, held[end], (text) => {
      if (text) held[end] = text;
      else delete held[end];
      give({ ...held });
    }))));
  }

  function hours(key, label, value, change) {
    const hour = (n) => ({ value: n, label: texts.hour.replace('%(hour)s', String(n).padStart(2, '0')) });
    const all = Array.from({ length: 25 }, (_one, n) => n);
    const first = [{ value: '', label: texts.always }, ...all.slice(0, 24).map(hour)];
    return h(
      'span', { class: 'sb-inline' },
      select(`${key}.0`, `${label} ${texts.from}`, first, value ? value[0] : '', (chosen) => change(
        chosen === '' ? undefined : [Number(chosen), Math.max(Number(chosen) + 1, value ? value[1] : 24)], true,
      )),
      value ? select(`${key}.1`, `${label} ${texts.until}`, all.slice(value[0] + 1).map(hour), value[1], (chosen) => change([value[0], Number(chosen)], true)) : null,
    );
  }

  // Rows of the same fields, such as the steps of "spend and save".
  function list(key, field, value, change) {
    const rows = Array.isArray(value) ? value : [];
    return h(
      'div', { class: 'of-list' },
      rows.map((row, index) => h(
        'div', { class: 'of-step' },
        draw(field.of, `${key}.${index}`, row, (next, redraw) => change(rows.map((one, i) => (i === index ? next : one)), redraw)),
        about.readonly ? null : h('button', {
          type: 'button', class: 'st-btn sm sb-quiet', 'data-key': `${key}.${index}:remove`, 'aria-label': texts.remove,
          onclick: () => change(rows.length > 1 ? rows.filter((_one, i) => i !== index) : undefined, true),
        }, icon('close')),
      )),
      about.readonly ? null : h('button', {
        type: 'button', class: 'st-btn sm', 'data-key': `${key}:add`, onclick: () => change([...rows, begun(field.of)], true),
      }, icon('add'), field.add),
    );
  }

  function input(field, key, value, change) {
    const give = (next) => change(next, false);
    const redraw = (next) => change(next, true);
    switch (field.type) {
      case 'money': return money(key, field.label, value, give);
      case 'whole': return number(key, field.label, value, give, true);
      case 'decimal': return number(key, field.label, value, (text) => give(text === undefined ? undefined : String(text)));
      case 'percent': return sign(number(key, field.label, value, (text) => give(text === undefined ? undefined : String(text))), '%');
      case 'text': return line(key, field.label, value, (text) => give(field.upper ? text.trim().toUpperCase() || undefined : text.trim() || undefined), { suggest: field.suggest ? about.suggest(field.suggest) : null });
      case 'tokens': return many(key, field.label, value, (values) => redraw(values.length || !field.optional ? values : undefined), field.suggest);
      case 'numbers': return many(key, field.label, (value || []).map(String), (values) => redraw(values.map((one) => (/^\d+$/.test(one) ? Number(one) : one))), field.suggest);
      case 'selection': return selection(key, field.label, value, redraw, field.optional);
      case 'weekdays': return chips(key, field.label, schema.weekdays, value, (days) => redraw(days.length ? days : undefined));
      case 'hours': return hours(key, field.label, value, redraw);
      case 'moment': return moment(key, field.label, value, give);
      case 'period': return period(key, field.label, value, give);
      case 'list': return list(key, field, value, change);
      case 'group': return h('div', { class: 'of-step' }, draw(field.of, key, value || {}, (next, again) => change(Object.keys(next).length ? next : undefined, again)));
      case 'bool': return h('label', { class: 'st-check' }, h('input', { type: 'checkbox', 'data-key': key, checked: Boolean(value), onchange: (event) => redraw(event.target.checked || undefined) }), field.label);
      default: return plain(key, field.label, value, give);
    }
  }

  /** Draw the fields of a rule. `change(rule, redraw)` gets the whole rule anew. */
  function draw(wanted, path, rule, change) {
    return h('div', { class: 'of-fields' }, wanted.filter((field) => !field.beside || rule[field.beside] !== undefined).map((field) => {
      // A part of a set is the selection itself, beside its number of units.
      const key = field.name ? `${path}.${field.name}` : path;
      const { quantity, ...itself } = rule;
      const drawn = input(field, key, field.name ? rule[field.name] : itself, (value, redraw) => {
        const next = field.name ? { ...rule, [field.name]: value } : { quantity, ...value };
        if (value === undefined && field.name) delete next[field.name];
        if (field.instead && value !== undefined) delete next[field.instead];
        Object.keys(rule).forEach((name) => { delete rule[name]; });
        Object.assign(rule, next);
        change(rule, redraw || (field.instead && value !== undefined));
      });
      const wide = ['selection', 'list', 'tokens', 'numbers', 'group'].includes(field.type);
      return h(
        'div', { class: wide ? 'of-slot is-wide' : 'of-slot' },
        field.type === 'bool' ? drawn : labelled(field.optional ? `${field.label} · ${texts.optional}` : field.label, drawn),
        h('p', { class: 'sb-error', 'data-fault': key, id: `fault-${key}` }),
      );
    }));
  }

  /** What a new rule of these fields begins with. */
  function begun(wanted) {
    const rule = {};
    for (const field of wanted) {
      if (field.start !== undefined) rule[field.name] = structuredClone(field.start);
      else if (field.type === 'list' && !field.optional) rule[field.name] = [begun(field.of)];
    }
    return rule;
  }

  return { draw, begun, labelled, number, moment, many, money };
}
