/** Starts the tray's window. */
import { mount } from 'svelte';

import '../design/tokens.css';
import '../design/base.css';
import { markLanguage, texts } from '../texts';
import App from './App.svelte';
import { tauri } from './tauri';

markLanguage(document.documentElement);
document.title = texts.window.title;

const target = document.getElementById('app');
if (!target) throw new Error('tray.html has no element with the id app');
mount(App, { target, props: { backend: tauri } });
