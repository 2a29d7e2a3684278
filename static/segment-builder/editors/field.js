// A known thing compared with a value: “orders is at least 2”.
import { h } from '../dom.js';
import { chips, line, moment, numeral, select, tokens } from '../inputs.js';
import { zone } from './windows.js';

export function field(kit, node) {
  const { rule, id } = node;
  const { subjects, texts } = kit;
  const { field: known, key } = subjects.field(rule.field);
  if (!known) return [h('code', {}, `${rule.field} ${rule.op} ${JSON.stringify(rule.value)}`)];
  const parts = [];
  if (known.any_key && !subjects.names.has(`field:${rule.field}`)) {
    parts.push(line(`${id}:key`, texts.name, key, (name) => kit.set(node, 'key', (r) => { r.field = `${known.name}.${name.trim()}`; }, false), {
      placeholder: texts.name, suggest: kit.suggest(`key:${known.name}`),
    }));
  }
  const operators = subjects.operatorsOf(rule);
  const takes = operators.find((one) => one.op === rule.op)?.takes;
  parts.push(
    select(`${id}:op`, texts.comparison, operators.map((one) => ({ value: one.op, label: one.label })), rule.op, (op) => kit.set(node, 'op', (r) => {
      const made = subjects.withOperator(r, op);
      for (const name of Object.keys(r)) delete r[name];
      Object.assign(r, made);
    })),
    ...value(kit, node, known, takes),
  );
  const byClock = takes === 'moment' || takes === 'moments' || known.kind === 'birthday';
  if (byClock) parts.push(zone(kit, `${id}:zone`, rule, (change) => kit.set(node, 'zone', change)));
  return parts;
}

function value(kit, node, known, takes) {
  const { rule, id } = node;
  const { texts } = kit;
  const at = `${id}:value`;
  const suggest = kit.suggest(`value:${rule.field}`);
  const give = (change, redraw = false, part = redraw ? 'value!' : 'value') => kit.set(node, part, change, redraw);
  const put = (read) => give((r) => { r.value = read; });
  const list = (read) => give((r) => { r.value = read; }, true);
  const choose = (read) => give((r) => { r.value = read; }, true, 'value');
  const figure = (key, read, write) => numeral(`${id}:${key}`, texts.value, read, (number) => give((r) => write(r, number), false, key), kit.units[rule.field] || {});
  const moments = (i) => moment(`${at}${i}`, i ? texts.until : texts.from, rule.value?.[i], (read, redraw) => give((r) => {
    r.value = [r.value?.[0] ?? '', r.value?.[1] ?? ''];
    r.value[i] = read;
  }, redraw, `value${i}`), kit);
  switch (takes) {
    case 'number': return [figure('value', rule.value, (r, read) => { r.value = read; })];
    case 'days': return [numeral(at, texts.value, rule.value, put, { unit: texts.days, whole: true, least: 1 })];
    case 'pair': return [
      figure('low', rule.value?.[0], (r, read) => { r.value = [read, r.value?.[1] ?? null]; }), h('span', {}, texts.and),
      figure('high', rule.value?.[1], (r, read) => { r.value = [r.value?.[0] ?? null, read]; }),
    ];
    case 'numbers': return [tokens(at, texts.values, rule.value, (values) => list(values.map(Number).filter(Number.isFinite)), { texts, placeholder: texts.numbersHint })];
    case 'choice': return [select(at, texts.value, known.choices || [], rule.value, choose)];
    case 'choices': return [chips(at, texts.values, known.choices || [], rule.value, list)];
    case 'boolean': return [select(at, texts.value, [{ value: 'true', label: texts.yes }, { value: 'false', label: texts.no }], String(rule.value), (read) => choose(read === 'true'))];
    case 'texts': return [tokens(at, texts.values, rule.value, list, { texts, suggest, placeholder: texts.valuesHint })];
    case 'text': return [line(at, texts.value, rule.value, put, { suggest })];
    case 'moment': return [moment(at, texts.value, rule.value, (read, redraw) => give((r) => { r.value = read; }, redraw), kit)];
    case 'moments': return [moments(0), h('span', {}, texts.and), moments(1)];
    case 'typed': return [line(at, texts.value, rule.value, (read) => put(typed(read)), { suggest })];
    case 'typedList': return [tokens(at, texts.values, rule.value, (values) => list(values.map(typed)), { texts, suggest, placeholder: texts.valuesHint })];
    default: return [];
  }
}

/** What a text stands for where JSON knows numbers and yes or no. */
export function typed(text) {
  if (typeof text !== 'string') return text;
  if (/^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text;
}
