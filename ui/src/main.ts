import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { openPageLink } from './link/page-link.ts';

const target = document.getElementById('app');
if (target !== null) mount(App, { target, props: { open: openPageLink } });
