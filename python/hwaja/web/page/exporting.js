/** The sheet from which a conversation is taken along. */

import { enable } from './ability.js';
import { openDialog } from './dialogs.js';
import { download } from './download.js';
import { FORMATS } from './exports.js';
import { fileStampOf } from './formats.js';
import { t } from './language.js';
import { reportOf } from './report.js';
import { piece } from './sentence.js';

export class Exporting {
  /**
   * @param {{export: Element, exportOpen: Element, exported: Element, summary: Element, printed: Element}} parts
   * @param {{entries: function(): object[], nameOf: function(object): string}} transcript
   * @param {function} saved told when the conversation is in a file
   */
  constructor(parts, transcript, saved) {
    this._parts = parts;
    this._transcript = transcript;
    this._saved = saved;
    this._buttons = [...parts.export.querySelectorAll('[data-export]')];
    parts.exportOpen.addEventListener('click', () => this._open());
    for (const button of this._buttons) {
      button.addEventListener('click', () => this._export(button.dataset.export));
    }
    // Safari 13.0 cannot copy.
    if (!navigator.clipboard) this._buttonOf('copy').hidden = true;
    window.addEventListener('beforeprint', () => this._describe(parts.printed));
  }

  _open() {
    const isEmpty = this._transcript.entries().length === 0;
    this._describe(this._parts.summary);
    this._parts.exported.textContent = isEmpty ? t('export.empty') : '';
    for (const button of this._buttons) enable(button, !isEmpty);
    openDialog(this._parts.export);
  }

  async _export(form) {
    const report = this._report();
    if (form === 'print') window.print();
    else if (form === 'copy') await this._copy(FORMATS.txt.write(report));
    else {
      const { type, write } = FORMATS[form];
      const name = `hwaja-${fileStampOf(report.began)}.${form}`;
      download(write(report), type, name);
      this._parts.exported.textContent = t('export.saved', { name });
      this._saved();
    }
  }

  async _copy(text) {
    const { exported } = this._parts;
    try {
      await navigator.clipboard.writeText(text);
      exported.textContent = t('export.copied');
    } catch (error) {
      exported.textContent = t('export.uncopied');
    }
  }

  _report() {
    return reportOf(this._transcript.entries(), this._transcript.nameOf);
  }

  _describe(list) {
    list.textContent = '';
    if (this._transcript.entries().length === 0) return;
    for (const [name, value] of this._report().facts) list.append(piece('dt', '', name), piece('dd', '', value));
  }

  _buttonOf(form) {
    return this._buttons.find((button) => button.dataset.export === form);
  }
}
