/** The link with which others read along on a second screen: made on request, and ended so or with the conversation. */

import { openDialog } from './dialogs.js';
import { t } from './language.js';
import { recall, remember } from './memory.js';
import { qrPath } from './qr.js';

/** Where the link lies, and its key, when this page is loaded anew. */
const LINK = 'hwaja.link';
const LINK_KEY = 'hwaja.link-key';

export class Sharing {
  /**
   * @param {{share: Element, shareOpen: Element, shareLink: Element, shareCode: Element, shareCopy: Element,
   *   shareStop: Element, shared: Element}} parts
   * @param {Online} online
   */
  constructor(parts, online) {
    this._parts = parts;
    this._online = online;
    parts.shareLink.value = recall('sessionStorage', LINK) || '';
    parts.shareOpen.addEventListener('click', () => this._open());
    parts.shareCopy.addEventListener('click', () => this._copy());
    parts.shareStop.addEventListener('click', () => this._stop());
    this._isShared = false; // since this page was loaded
    // The client brings the link to a session that takes over, the page to one that begins after that was lost.
    online.on('resumed', () => this._goOn());
    online.on('began', () => (this._isShared ? this._goOn() : this._keep(null)));
    online.on('over', () => this._leave());
  }

  async _open() {
    const { share, shareLink } = this._parts;
    const opened = openDialog(share);
    if (shareLink.value === '') await this._share().catch(() => this._tell('share.failed'));
    this._show();
    await opened;
    this._tell(null);
  }

  async _stop() {
    try {
      await this._end();
      this._tell('share.stopped');
    } catch (error) {
      this._tell('share.failed');
    }
  }

  _goOn() {
    const key = recall('sessionStorage', LINK_KEY);
    if (key !== null) this._share({ key }).catch(() => this._keep(null));
  }

  async _share(options) {
    const { token, key } = await this._online.client.share(options);
    this._isShared = true;
    this._keep(key, `${location.origin}/subtitles#${token}`);
  }

  async _end() {
    if (this._parts.shareLink.value === '') return;
    await this._online.client.stopSharing();
    this._keep(null);
  }

  /** The session ends, whether the server answers or not. */
  _leave() {
    this._end().catch(() => {});
    this._keep(null);
  }

  async _copy() {
    const { shareLink } = this._parts;
    try {
      await navigator.clipboard.writeText(shareLink.value);
      this._tell('export.copied');
    } catch (error) {
      shareLink.select(); // for the keyboard
    }
  }

  /** Keep the link with its key; null: there is none. */
  _keep(key, link = '') {
    if (key === null) this._isShared = false;
    remember('sessionStorage', LINK, link || null);
    remember('sessionStorage', LINK_KEY, key);
    this._parts.shareLink.value = link;
    this._show();
  }

  _show() {
    const { shareLink, shareCode, shareCopy, shareStop } = this._parts;
    const link = shareLink.value;
    shareLink.hidden = shareCopy.hidden = shareStop.hidden = link === '';
    const path = link && qrPath(link);
    shareCode.firstElementChild.setAttribute('d', path);
    shareCode.toggleAttribute('hidden', path === '');
  }

  _tell(key) {
    this._parts.shared.textContent = key === null ? '' : t(key);
  }
}
