/** Questions and sheets in front of the page. */

/**
 * Have the buttons of all dialogs close them: `value` of a button is the answer. Those of a browser without
 * dialogs (Safari 15.3, Firefox 97 and older) stand at the end of the page while they are open.
 */
export function prepareDialogs(root) {
  for (const dialog of root.querySelectorAll('dialog')) {
    dialog.addEventListener('click', (event) => {
      const button = event.target.closest('button[value]');
      if (button !== null) close(dialog, button.value);
      else if (event.target === dialog && isBeside(event, dialog)) close(dialog, '');
    });
  }
}

/** Open a dialog; resolves with the `value` of the button that closes it, empty where none was pressed. */
export function openDialog(dialog) {
  const opener = document.activeElement;
  dialog.returnValue = '';
  if (dialog.showModal !== undefined) dialog.showModal();
  else {
    dialog.setAttribute('open', '');
    dialog.querySelector('button').focus();
  }
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        if (opener !== null) opener.focus();
        resolve(dialog.returnValue);
      },
      { once: true }
    );
  });
}

/** Whether something was clicked outside the edges of a dialog. */
function isBeside({ clientX, clientY }, dialog) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

function close(dialog, answer) {
  if (dialog.close !== undefined) {
    dialog.close(answer);
    return;
  }
  dialog.removeAttribute('open');
  dialog.returnValue = answer;
  dialog.dispatchEvent(new Event('close'));
}
