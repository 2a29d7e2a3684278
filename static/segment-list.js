// A pasted list says how many lines it has, and a long one travels as a file, for which there is more room.
import { fill, number } from './segment-builder/dom.js';

const LONG = 500_000; // characters; a form field may hold 2.5 MB

for (const box of document.querySelectorAll('[data-paste]')) {
  const said = box.parentElement.querySelector('[data-lines]');
  const lines = () => box.value.split('\n').filter((line) => line.trim()).length;
  box.addEventListener('input', () => { said.textContent = box.value ? fill(box.dataset.counted, { n: number(lines()) }) : ''; });
  box.form.addEventListener('submit', () => {
    const file = box.form.elements.file;
    if (box.value.length > LONG && !file.files.length) {
      const sent = new DataTransfer();
      sent.items.add(new File([box.value], 'pasted.txt', { type: 'text/plain' }));
      file.files = sent.files;
      box.disabled = true;
    }
    for (const button of box.form.querySelectorAll('button')) button.setAttribute('aria-busy', 'true');
  });
}
