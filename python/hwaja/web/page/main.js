/** Puts the page together: elements, texts, the microphone, the connection, voices, conversation. */

import { Microphone } from '../client/hwaja.js';
import { guard } from './ability.js';
import { Enrolling } from './enrolling.js';
import { languageNow, switchLanguage, t, translate } from './language.js';
import { Listening } from './listening.js';
import { Notices } from './notices.js';
import { Online } from './online.js';
import { People } from './people.js';
import { Talking } from './talking.js';

const find = (id) => document.getElementById(id);

guard(document);

const notices = new Notices(find('notices'));
const online = new Online(notices, find('status'));
const listening = new Listening(new Microphone(), {
  allow: find('allow'),
  choice: find('device-choice'),
  device: find('device'),
});
const people = new People(online);
const enrolling = new Enrolling(find('voices'), find('voice-template'), { online, listening, people });
const talking = new Talking(
  {
    setup: find('setup'),
    talk: find('talk'),
    speakers: find('speakers'),
    log: find('log'),
    transcript: find('transcript'),
    interim: find('interim'),
    empty: find('empty'),
    controls: find('controls'),
    toggle: find('toggle'),
    level: find('level'),
    clock: find('clock'),
    again: find('again'),
    start: find('start'),
    startHint: find('start-hint'),
    without: find('without'),
    discover: find('discover'),
    exports: document.querySelectorAll('[data-export]'),
  },
  { online, listening, enrolling, people, notices }
);

listening.on('chunk', (chunk) => online.send(chunk));
listening.on('problem', () => {
  const { problem } = listening;
  if (problem === null) notices.hide('microphone');
  else {
    const act = () => listening.retry();
    notices.show('microphone', problem.text, {}, { key: problem.action, act });
  }
});

find('language').addEventListener('click', () => {
  switchLanguage();
  speak();
});

function speak() {
  document.documentElement.lang = languageNow();
  translate(document);
  find('language').textContent = t('language.other');
  find('language').lang = languageNow() === 'ko' ? 'en' : 'ko';
  for (const part of [online, listening, enrolling, talking]) part.translate();
}

speak();
online.connect();
