/**
 * Buttons that cannot be pressed for now. `disabled` would take the focus away from who uses the
 * keyboard, so these say only that they are.
 */

const UNABLE = 'aria-disabled';

/** Let a button be pressed, or not. */
export function enable(button, isAble) {
  button.setAttribute(UNABLE, String(!isAble));
}

/** Have nobody learn that a button was pressed that cannot be. */
export function guard(root) {
  const refuse = (event) => {
    if (event.target.closest(`[${UNABLE}="true"]`)) event.stopPropagation();
  };
  root.addEventListener('click', refuse, true);
}
