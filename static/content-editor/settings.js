// The settings of the chosen block, drawn from the schema that the server gives.
import { bundles } from '../offer-editor/bundles.js';
import { ask, fill, h, icon } from '../segment-builder/dom.js';

export class Settings {
  constructor({ place, texts, schema, may, urls, set, redraw }) {
    Object.assign(this, { place, texts, schema, may, urls, set, redraw });
    this.areas = 0;
  }

  draw(block, { locale = '', translation = null, errors = new Map() } = {}) {
    this.locale = locale;
    this.translation = translation;
    this.errors = errors;
    if (!block) {
      this.place.replaceChildren(h('p', { class: 'st-mute' }, this.texts.choose));
      return;
    }
    const kind = this.schema.kinds[block.kind];
    if (!kind) return;
    const members = kind.members.filter((member) => !locale || member.said);
    this.place.replaceChildren(
      h('h2', {}, kind.title), h('div', { class: 'ce-fields' }, members.map((member) => this.field(block, member))),
      block.kind === 'bundle' && this.may && !locale ? this.suggested(block) : '');
  }

  field(block, member) {
    const key = `${block.id}.${member.name}`;
    const value = block[member.name] ?? member.default;
    const input = this.input(block, member, value, key);
    if (!input) return null;
    const error = this.errors.get(key);
    const id = `ce-${key.replace('.', '-')}`;
    if (member.type === 'flag') return h('label', { class: 'st-check' }, input, member.label);
    const grouped = ['condition', 'links'].includes(member.type);
    const described = [error && `${id}-error`, member.hint && `${id}-hint`].filter(Boolean).join(' ');
    (grouped ? input.querySelector('select, input, button') : input)?.setAttribute('aria-describedby', described);
    if (error) input.setAttribute('aria-invalid', 'true');
    return h(grouped ? 'fieldset' : 'label', { class: 'ce-field' },
      h(grouped ? 'legend' : 'span', { class: 'ce-label' }, member.label), input,
      ['text', 'rich', 'html'].includes(member.type) && !this.locale && this.may && member.type !== 'html' ? this.insert(input) : null,
      member.type === 'url' && member.picture && this.may && !this.locale ? this.upload(block, member) : null,
      this.locale ? h('small', { class: 'st-mute' }, fill(this.texts.originalIs, { text: String(value ?? '').slice(0, 160) })) : null,
      error ? h('small', { class: 'sb-error', id: `${id}-error` }, error) : null,
      member.hint && !this.locale ? h('small', { class: 'st-mute', id: `${id}-hint` }, member.hint) : null);
  }

  /** Sets that are bought together: one click writes their products. */
  suggested(block) {
    return bundles({
      texts: this.texts, url: this.urls.bundles,
      take: (items) => this.set(block.id, 'skus', items.map((item) => item.sku), true),
    });
  }

  input(block, member, value, key) {
    const readonly = !this.may;
    const put = (now, redraw = false) => this.set(block.id, member.name, now, redraw);
    const shared = { 'data-key': key, readonly };
    const text = this.locale ? this.translation?.[member.name] ?? '' : value ?? '';
    switch (member.type) {
      case 'text': case 'rich': case 'url':
        if (member.lines || member.type === 'rich' || String(text).length > 60) {
          return h('textarea', { ...shared, rows: member.type === 'rich' ? 6 : 3, value: text, placeholder: this.locale ? String(value ?? '') : null, oninput: (event) => put(event.target.value) });
        }
        return h('input', { ...shared, type: 'text', value: text, autocomplete: 'off', placeholder: this.locale ? String(value ?? '') : member.type === 'url' ? 'https://' : null, oninput: (event) => put(event.target.value) });
      case 'html': return this.document(shared, text, put);
      case 'number':
        return h('input', { ...shared, type: 'number', min: member.least, max: member.most, value: text, oninput: (event) => put(event.target.value === '' ? null : Number(event.target.value)) });
      case 'choice':
        return h('select', { ...shared, disabled: readonly, onchange: (event) => put(event.target.value) }, member.choices.map(([name, label]) => h('option', { value: name, selected: name === value }, label)));
      case 'flag':
        return h('input', { ...shared, type: 'checkbox', checked: Boolean(value), disabled: readonly, onchange: (event) => put(event.target.checked) });
      case 'skus':
        return h('textarea', { ...shared, rows: 3, value: (value || []).join('\n'), placeholder: this.texts.skuHint, oninput: (event) => put(event.target.value.split('\n').map((sku) => sku.trim()).filter(Boolean)) });
      case 'condition': return this.condition(block, member, value, key);
      case 'links': return this.links(value || [], key, put);
      default: return null; // blocks within blocks stand in the list
    }
  }

  /** A whole document: what is pasted is kept as it was, line ends included, until somebody types in it. */
  document(shared, text, put) {
    let raw = text;
    const plain = (value) => value.replace(/\r\n?/g, '\n');
    return h('textarea', {
      ...shared, class: 'ce-html', rows: 18, spellcheck: 'false', value: text,
      onpaste: (event) => {
        const area = event.target;
        if (area.selectionStart === 0 && area.selectionEnd === area.value.length) raw = event.clipboardData.getData('text/plain');
      },
      oninput: (event) => put(plain(raw) === event.target.value ? raw : event.target.value),
    });
  }

  condition(block, member, value, key) {
    const { texts, schema } = this;
    const about = value?.about || '';
    const put = (now) => this.set(block.id, member.name, now, true);
    const valued = about && schema.about[about]?.[1];
    const choices = about === 'segment' ? schema.segments : about === 'language' ? Object.entries(schema.locales).filter(([name]) => name === 'en' || name === 'zh-hans') : null;
    return h('div', { class: 'ce-condition' },
      h('select', {
        'data-key': key, 'aria-label': texts.about, disabled: !this.may,
        onchange: (event) => {
          const next = event.target.value;
          if (!next) put(null);
          else put({ about: next, ...(schema.about[next][1] ? { value: next === 'segment' ? schema.segments[0]?.[0] ?? '' : next === 'language' ? 'zh-hans' : '' } : {}) });
        },
      }, member.required ? null : h('option', { value: '' }, texts.everyone),
      Object.entries(schema.about).map(([name, [label]]) => h('option', { value: name, selected: name === about }, label))),
      valued ? (choices
        ? h('select', { 'data-key': `${key}.value`, 'aria-label': texts.value, disabled: !this.may, onchange: (event) => put({ ...value, value: event.target.value }) }, choices.map(([name, label]) => h('option', { value: name, selected: name === value.value }, label)))
        : h('input', { 'data-key': `${key}.value`, type: 'text', 'aria-label': texts.value, placeholder: 'DE', maxlength: 2, value: value.value || '', readonly: !this.may, onchange: (event) => put({ ...value, value: event.target.value.toUpperCase() }) })) : null,
      about ? h('label', { class: 'st-check' }, h('input', { type: 'checkbox', 'data-key': `${key}.not`, checked: Boolean(value.not), disabled: !this.may, onchange: (event) => put({ ...value, not: event.target.checked }) }), texts.opposite) : null);
  }

  links(value, key, put) {
    const { texts } = this;
    const change = (index, part, now) => put(value.map((link, place) => (place === index ? { ...link, [part]: now } : link)));
    return h('div', { class: 'ce-links' },
      value.map((link, index) => h('div', { class: 'ce-link' },
        h('select', { 'aria-label': texts.network, 'data-key': `${key}.${index}.network`, onchange: (event) => change(index, 'network', event.target.value) }, Object.entries(this.schema.networks).map(([name, label]) => h('option', { value: name, selected: name === link.network }, label))),
        h('input', { type: 'url', 'aria-label': texts.address, 'data-key': `${key}.${index}.url`, value: link.url, placeholder: 'https://', onchange: (event) => change(index, 'url', event.target.value) }),
        h('button', { type: 'button', class: 'sb-icon', 'aria-label': texts.remove, onclick: () => put(value.filter((_l, place) => place !== index), true) }, icon('close')))),
      this.may ? h('button', { type: 'button', class: 'st-btn sm', 'data-key': `${key}.add`, onclick: () => put([...value, { network: 'instagram', url: 'https://' }], true) }, icon('add'), texts.addLink) : null);
  }

  /** A menu of what can be written for each person; it goes where the cursor is. */
  insert(input) {
    return h('select', {
      class: 'ce-insert', 'aria-label': this.texts.insert,
      onchange: (event) => {
        const words = event.target.value;
        event.target.value = '';
        if (!words) return;
        const at = input.selectionStart ?? input.value.length;
        input.setRangeText(words, at, input.selectionEnd ?? at, 'end');
        input.dispatchEvent(new Event('input'));
        input.focus();
      },
    }, h('option', { value: '' }, `${this.texts.insert} …`), this.schema.variables.map(([words, label]) => h('option', { value: words }, label)));
  }

  upload(block, member) {
    const state = h('span', { role: 'status', class: 'st-mute st-small' });
    const choose = h('input', {
        type: 'file', accept: 'image/png,image/jpeg,image/gif', class: 'sr-only', 'data-key': `${block.id}.upload`,
        onchange: async (event) => {
          const [file] = event.target.files;
          if (!file) return;
          state.textContent = this.texts.uploading;
          const bytes = new Uint8Array(await file.arrayBuffer());
          let binary = '';
          for (let at = 0; at < bytes.length; at += 32768) binary += String.fromCharCode(...bytes.subarray(at, at + 32768));
          const answer = await ask(this.urls.picture, { name: file.name, content: btoa(binary) }).catch(() => null);
          state.textContent = answer?.ok ? '' : answer?.body?.message || this.texts.failed;
          if (answer?.ok) this.set(block.id, member.name, answer.body.url, true);
        },
    });
    choose.hasChangeListener = true; // the shell would write the file's name into the field of the address
    return h('span', { class: 'ce-upload' }, h('label', { class: 'st-btn sm' }, icon('upload'), this.texts.upload, choose), state);
  }
}
