using System.Runtime.Versioning;
using Dmkd.Client;

[assembly: SupportedOSPlatform("linux")]

return await CommandLine.InvokeAsync(args);
