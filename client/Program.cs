using System.Runtime.Versioning;
using Dmkd.Client;
using Dmkd.Client.Errors;

[assembly: SupportedOSPlatform("linux")]

EarlySignals.Listen();
StandardOutput.Name();
return await CommandLine.InvokeAsync(args);
