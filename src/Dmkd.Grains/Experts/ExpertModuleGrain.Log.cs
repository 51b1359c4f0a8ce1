using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Experts;

internal sealed partial class ExpertModuleGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Module {ModuleId}: created from {Digest}")]
    private static partial void LogCreated(ILogger logger, string moduleId, string digest);

    [LoggerMessage(Level = LogLevel.Information, Message = "Module {ModuleId}: published version {Version} ({Digest}) of {Contributors} contributors")]
    private static partial void LogPublished(ILogger logger, string moduleId, int version, string digest, int contributors);
}
