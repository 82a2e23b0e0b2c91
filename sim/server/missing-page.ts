/** What is served when the browser view was not built: plain, and helpful. */

/** The page. */
export const MISSING_PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>lantwin: the browser view is not built</title></head>
<body>
<h1>The browser view is not built</h1>
<p>The twin runs, but its page is missing. In the project's folder:</p>
<pre>npm run build</pre>
<p>then start <code>lantwin ui</code> again.</p>
</body>
</html>
`;
