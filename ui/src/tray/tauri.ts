/** The real program around the window. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';

import type { WindowView } from '../bindings/view';
import type { Backend } from './backend';

export const tauri: Backend = {
  view: () => invoke<WindowView>('get_view'),
  watch: (onView) => listen<WindowView>('view', (event) => onView(event.payload)),
  act: (command, pool) => invoke<void>(command, { pool }),
  logIn: (email, password) => invoke<void>('log_in', { email, password }),
  logOut: () => invoke<void>('log_out'),
  copyDetails: () => invoke<void>('copy_details'),
  close: () => invoke<void>('close'),
};
