/** The second screen: shows what is said in a session, by its link, and sends nothing. */

import { CLOCK } from '../client/clock.js';
import { languageNow, switchLanguage, t, translate } from './language.js';
import { recall, remember } from './memory.js';
import { isThere, serverSays } from './server.js';
import { colourOf } from './speakers-view.js';
import { Subtitles } from './subtitle-lines.js';
import { ScreenWakeLock } from './wake-lock.js';
import { Watch } from './watch.js';

const SCALE_KEY = 'hwaja.subtitles';
const STEP = 1.25;
const SCALES = [0.5, 4];

const find = (id) => document.getElementById(id);
const subtitles = new Subtitles();
let status = 'status.connecting';

async function watch() {
  const scheme = location.protocol === 'http:' ? 'ws:' : 'wss:';
  const token = location.hash.slice(1);
  if (!/^[\w-]+$/.test(token)) {
    tell('subtitles.wrong');
    return;
  }
  const { peers } = await serverSays();
  const urls = [`${scheme}//${location.host}/`, ...peers];
  new Watch(urls, token, { WebSocket, clock: CLOCK, random: Math.random, isThere }, {
    status: tell,
    begun: () => subtitles.begin(),
    message: (message) => {
      subtitles.take(message);
      show();
    },
  });
}

function tell(key) {
  status = key;
  find('status').textContent = t(key);
  find('status').dataset.state = key === 'status.ready' ? 'ready' : 'closed';
}

function show() {
  find('lines').textContent = '';
  for (const { speakerId, isStranger, name, text } of subtitles.lines) {
    const line = document.createElement('li');
    const speaker = document.createElement('span');
    speaker.className = 'speaker';
    const known = name || t('voice.default', { number: speakerId + 1 });
    speaker.textContent = isStranger ? t('voice.stranger') : known;
    if (!isStranger) line.dataset.speaker = colourOf(speakerId);
    line.append(speaker, text);
    find('lines').append(line);
  }
  find('interim').textContent = subtitles.interim;
  find('interim').scrollIntoView({ block: 'end' });
}

function speak() {
  document.documentElement.lang = languageNow();
  translate(document);
  find('language').textContent = t('language.other');
  find('language').lang = languageNow() === 'ko' ? 'en' : 'ko';
  tell(status);
  show();
}

function scale(factor) {
  const [least, most] = SCALES;
  const wanted = Number(recall('localStorage', SCALE_KEY) || 1) * factor;
  const chosen = Math.min(most, Math.max(least, wanted));
  remember('localStorage', SCALE_KEY, String(chosen));
  document.documentElement.style.setProperty('--scale', String(chosen));
  show();
}

window.addEventListener('hashchange', () => location.reload()); // it is another link
find('smaller').addEventListener('click', () => scale(1 / STEP));
find('larger-still').addEventListener('click', () => scale(STEP));
find('language').addEventListener('click', () => {
  switchLanguage();
  speak();
});
new ScreenWakeLock(document, navigator.wakeLock).want(true);
speak();
scale(1);
watch();
