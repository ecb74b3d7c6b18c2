import { mount } from 'svelte';
import App from './App.svelte';
import { createElectronBackend, electronBridge } from './lib/backend-electron.ts';
import { createWebBackend } from './lib/backend-web.ts';
import './ui/tokens.css';
import './ui/base.css';
import './ui/control.css';

const bridge = electronBridge();
const backend = bridge === null ? createWebBackend() : createElectronBackend(bridge);

mount(App, { target: document.getElementById('app')!, props: { backend } });
