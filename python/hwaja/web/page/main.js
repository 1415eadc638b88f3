/** Puts the page together: elements, texts, the microphone, the connection, voices, conversation. */

import { Microphone } from '../client/hwaja.js';
import { guard } from './ability.js';
import { accessCode } from './access-code.js';
import { Consent } from './consent.js';
import { prepareDialogs } from './dialogs.js';
import { Enrolling } from './enrolling.js';
import { Interruptions } from './interruptions.js';
import { languageNow, switchLanguage, t, translate } from './language.js';
import { Keeping } from './keeping.js';
import { Listening } from './listening.js';
import { recall, remember } from './memory.js';
import { Notices } from './notices.js';
import { Online } from './online.js';
import { People } from './people.js';
import { Sharing } from './sharing.js';
import { Talking } from './talking.js';

const LARGER_KEY = 'hwaja.larger';

const find = (id) => document.getElementById(id);

/** Elements by their ids, written as names of JavaScript. */
const named = (ids) => {
  const nameOf = (id) => id.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(ids.split(' ').map((id) => [nameOf(id), find(id)]));
};

guard(document);

const notices = new Notices(find('notices'));
const online = new Online(notices, find('status'), accessCode());
const listening = new Listening(new Microphone(), {
  allow: find('allow'),
  choice: find('device-choice'),
  device: find('device'),
});
const people = new People(online);
const consent = new Consent(named('consent consent-text'), online);
const enrolling = new Enrolling(named('voices voice-template voice-more agree-first'), {
  online,
  listening,
  people,
  consent,
});
const talking = new Talking(
  {
    ...named('setup setup-title talk start start-hint without discover controls toggle level clock again fresh voices-open sure sure-text latest'),
    ...named('speakers learning learn learned log transcript spoken interim empty'),
    ...named('tools persons onward editor undo redo help help-open keys'),
    ...named('search query found only-marked previous next search-open search-close'),
    ...named('export export-open exported summary printed'),
  },
  { online, listening, enrolling, people, notices, consent }
);
new Interruptions(document, navigator.mediaDevices, { listening, online, notices });
new Sharing(named('share share-open share-link share-code share-copy share-stop shared'), online);
prepareDialogs(document);

const keeping = new Keeping(named('keep keep-hint'), notices, {
  state: () => {
    if (talking.isEmpty) return null;
    return { talk: talking.state, people: people.state, progress: online.progress };
  },
  restore: ({ talk, people: earlier, progress }) => {
    online.earlierProgress = progress;
    people.restore(earlier);
    talking.restore(talk);
  },
});
talking.on('changed', () => keeping.save());
talking.on('settled', () => keeping.wipe());
people.on('named', () => keeping.save());
window.addEventListener('beforeunload', (event) => {
  // The text is nowhere else.
  if (talking.isUnsaved && !keeping.outlasts) {
    event.preventDefault();
    event.returnValue = '';
  }
});

window.addEventListener('pageshow', ({ persisted }) => {
  // The browser kept the page while another was visited: it is as it was left, perhaps by somebody else.
  if (!persisted) return;
  for (const id of ['consent', 'learn']) {
    find(id).checked = false;
    find(id).dispatchEvent(new Event('change'));
  }
});

listening.on('chunk', (chunk) => online.send(chunk));
listening.on('problem', () => {
  const { problem } = listening;
  if (problem === null) notices.hide('microphone');
  else {
    const act = () => listening.retry();
    notices.show('microphone', problem.text, {}, [{ key: problem.action, act }]);
  }
});

find('language').addEventListener('click', () => {
  switchLanguage();
  speak();
});

const larger = find('larger');
larger.addEventListener('click', () => {
  remember('localStorage', LARGER_KEY, recall('localStorage', LARGER_KEY) === null ? 'yes' : null);
  enlarge();
});

/** Write as large as the person has chosen in this browser. */
function enlarge() {
  const isLarge = recall('localStorage', LARGER_KEY) !== null;
  larger.setAttribute('aria-pressed', String(isLarge));
  document.documentElement.toggleAttribute('data-large', isLarge);
}

function speak() {
  document.documentElement.lang = languageNow();
  translate(document);
  find('language').textContent = t('language.other');
  find('language').lang = languageNow() === 'ko' ? 'en' : 'ko';
  for (const part of [online, listening, consent, enrolling, talking]) part.translate();
}

speak();
enlarge();
keeping.begin().then(() => online.connect());
