/**
 * The window with made-up data, for work on its looks: `dev.html?scene=many`. Not part of the build. Scenes: empty, few
 * (default), many, slow, lost.
 */
import { mount } from 'svelte';
import App from '../App.svelte';
import { createSampleService } from './sample-service.ts';
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/control.css';

const query = new URLSearchParams(location.search);
const scene = query.get('scene') ?? 'few';
mount(App, { target: document.getElementById('app')!, props: { backend: createSampleService(scene) } });
