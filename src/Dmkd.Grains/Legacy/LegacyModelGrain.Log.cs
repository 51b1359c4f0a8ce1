using Dmkd.Contracts.Legacy;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Legacy;

internal sealed partial class LegacyModelGrain
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Library {Library}: trained legacy model {Architecture}, accuracy {Accuracy:P1}")]
    private static partial void LogTrained(ILogger logger, string library, string architecture, double accuracy);

    [LoggerMessage(Level = LogLevel.Information, Message = "Library {Library}: took the legacy model apart into {Experts} experts")]
    private static partial void LogPreserved(ILogger logger, string library, int experts);

    [LoggerMessage(Level = LogLevel.Error, Message = "Library {Library}: preservation failed in stage {Stage}")]
    private static partial void LogFailed(ILogger logger, Exception exception, string library, LegacyStage stage);
}
