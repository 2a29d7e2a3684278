// Saving: under its name, as a new one when somebody was quicker, or used once.
import { ask, h, part, problem } from './dom.js';
import * as tree from './tree.js';

export class Saving {
  /** `written()` is { rule, places }; `fault(problem)` shows what is wrong at its condition. */
  constructor({ texts, page, subjects, root, written, refuse, fault, say }) {
    Object.assign(this, { texts, page, subjects, root, written, refuse, fault, say });
    this.busy = false;
    this.clean = this.state();
    part('save')?.addEventListener('click', () => this.save(page.urls.save));
    part('once')?.addEventListener('click', () => this.save(page.urls.once));
    part('name').addEventListener('input', () => this.nameless(''));
    this.leaving = (event) => { if (this.state() !== this.clean) event.preventDefault(); };
    window.addEventListener('beforeunload', this.leaving);
  }

  state() {
    return JSON.stringify([this.written().rule, part('name').value, part('description').value]);
  }

  async save(url) {
    if (this.busy || !this.finished()) return;
    this.busy = true;
    const { rule } = this.written();
    const { version, read } = this.page;
    const body = { rule, name: part('name').value, description: part('description').value, version, read };
    const answer = await ask(url, body);
    if (answer.ok) {
      window.removeEventListener('beforeunload', this.leaving);
      window.location.assign(answer.body.url);
      return; // still busy: the page is on its way
    }
    this.busy = false;
    this.refused(answer);
  }

  /** Go to the first condition that says too little to be saved. */
  finished() {
    const open = tree.leaves(this.root()).find((node) => !this.subjects.finished(node));
    if (open) this.refuse(open);
    return !open;
  }

  refused(answer) {
    const { texts, page } = this;
    const message = problem(answer, texts);
    if (answer.body?.field === 'name') {
      this.nameless(message);
      part('name').focus();
    } else if (answer.body?.conflict) {
      const gone = answer.body.conflict === 'removed';
      part('conflict').replaceChildren(
        h('div', {}, message, ' ', texts.yoursIsKept),
        h('div', { class: 'st-actions' },
          page.urls.create && h('button', { type: 'button', class: 'st-btn sm', onclick: () => this.save(page.urls.create) }, texts.saveAsNew),
          gone ? null : h('a', { class: 'st-btn sm', href: page.urls.edit, target: '_blank', rel: 'noopener' }, texts.lookAtTheirs)));
      part('conflict').hidden = false;
      part('conflict').querySelector('button, a')?.focus();
    } else {
      this.fault(answer);
    }
    this.say(message);
  }

  nameless(message) {
    part('nameError').textContent = message;
    if (message) part('name').setAttribute('aria-invalid', 'true');
    else part('name').removeAttribute('aria-invalid');
  }
}
