using Dmkd.Client;

return await CommandLine.InvokeAsync(args);
