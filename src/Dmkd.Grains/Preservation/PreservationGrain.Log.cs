using Dmkd.Contracts.Preservation;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Preservation;

internal sealed partial class PreservationGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Library {Library}: cut the legacy model into {Modules} modules")]
    private static partial void LogCut(ILogger logger, string library, int modules);

    [LoggerMessage(Level = LogLevel.Information, Message = "Library {Library}: distilled {Module}, accuracy {Before:P1} before and {After:P1} after")]
    private static partial void LogDistilled(ILogger logger, string library, string module, double before, double after);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Library {Library}: stage {Stage} is tried again, attempt {Attempt}")]
    private static partial void LogRetried(ILogger logger, Exception exception, string library, PreservationStage stage, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "Library {Library}: preservation failed in stage {Stage}")]
    private static partial void LogFailed(ILogger logger, Exception exception, string library, PreservationStage stage);
}
