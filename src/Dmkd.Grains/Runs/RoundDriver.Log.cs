using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

internal sealed partial class RoundDriver
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId}: node {NodeId} takes no part in round {Round}: {Reason}")]
    private static partial void LogNodeFailed(ILogger logger, string runId, string nodeId, int round, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A merge coordinator did not answer and is asked again")]
    private static partial void LogNotAnswered(ILogger logger, Exception exception);
}
