// Swagger UI comes from the package that also serves it; only its start stands here, for the policy of the pages allows no inline script.
declare const SwaggerUIBundle: (options: { url: string; dom_id: string }) => unknown;

SwaggerUIBundle({ url: `${document.documentElement.dataset.root ?? "/"}openapi.json`, dom_id: "#swagger-ui" });

export {};
