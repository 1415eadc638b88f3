// For browsers without modules, which also lack what is needed of a microphone.
document.getElementById('notices').textContent =
  '이 브라우저는 너무 오래되었습니다. Chrome 80, Firefox 75, Safari 13, Edge 80 이상을 사용해주세요. ' +
  'This browser is too old: use Chrome 80, Firefox 75, Safari 13, Edge 80 or later.';
