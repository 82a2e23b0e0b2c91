// VitePress' own theme, with tables and code blocks that fit a narrow page.
import DefaultTheme from 'vitepress/theme';
import './fitting.css';

export default DefaultTheme;
