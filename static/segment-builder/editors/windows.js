// When something happened: at any time, in the last so long, or between two moments.
import { h } from '../dom.js';
import { moment, numeral, select } from '../inputs.js';

export const WINDOW = ['within_days', 'within', 'from', 'until'];

export function zone(kit, key, rule, put) {
  return select(key, kit.texts.zone, kit.schema.zones, rule.zone || 'shop', (chosen) => put((r) => { r.zone = chosen; }));
}

export function windowOf(kit, at, rule, put) {
  const { texts, schema } = kit;
  const held = 'within_days' in rule || 'within' in rule ? 'within' : 'from' in rule || 'until' in rule ? 'dates' : '';
  const kinds = [{ value: '', label: texts.anyTime }, { value: 'within', label: texts.inTheLast }, { value: 'dates', label: texts.betweenDates }];
  const parts = [select(at('window'), texts.when, kinds, held, (kind) => put('window', (r) => {
    for (const name of WINDOW) delete r[name];
    if (kind === 'within') r.within_days = 30;
    if (kind === 'dates') Object.assign(r, { from: { start_of: 'month', shift: -1 }, until: { start_of: 'month', shift: 0 } });
    else delete r.zone;
  }))];
  if (held === 'within') {
    const [unit, n] = 'within_days' in rule ? ['days', rule.within_days] : Object.entries(rule.within)[0];
    const write = (r, name, value) => {
      delete r.within_days;
      delete r.within;
      if (name === 'days') r.within_days = value;
      else r.within = { [name]: value };
    };
    parts.push(
      numeral(at('span'), texts.inTheLast, n, (read) => put('span', (r) => write(r, unit, read), false), { whole: true, least: 1 }),
      select(at('unit'), texts.unit, schema.units, unit, (name) => put('unit', (r) => write(r, name, 'within_days' in r ? r.within_days : Object.values(r.within)[0]))),
    );
  }
  const dated = held === 'dates' || 'until' in rule;
  if (dated) {
    const end = (name) => [h('span', {}, texts[name]), moment(at(name), texts[name], rule[name] ?? '', (value, redraw) => put(name, (r) => {
      // Either end may be left open.
      if (value === '' && (name === 'from' ? 'until' : 'from') in r) delete r[name];
      else r[name] = value;
    }, redraw), kit)];
    parts.push(...(held === 'dates' ? end('from') : []), ...end('until'), zone(kit, at('zone'), rule, (change) => put('zone', change)));
  }
  return parts;
}
