using Dmkd.Contracts.Merging;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Merging;

internal sealed partial class MergeCoordinator
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: update of node {NodeId} for round {Round} not accepted: {Outcome} {Reason}")]
    private static partial void LogNotAccepted(ILogger logger, string moduleId, string nodeId, int round, SubmissionOutcome outcome, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: node {NodeId} takes no part in round {Round}: {Reason}")]
    private static partial void LogWithdrawn(ILogger logger, string moduleId, string nodeId, int round, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: round {Round} reached its deadline with {Accepted} of {Participants} updates")]
    private static partial void LogDeadlinePassed(ILogger logger, string moduleId, int round, int accepted, int participants);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: round {Round} collects its updates anew: an older program's cannot be read any more")]
    private static partial void LogCollectsAnew(ILogger logger, string moduleId, int round);

    [LoggerMessage(Level = LogLevel.Information, Message = "Module {ModuleId}: round {Round} merged into version {Version} from {Updates} updates")]
    private static partial void LogMerged(ILogger logger, string moduleId, int round, int version, int updates);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: the merge of round {Round} is not published: {Reason}")]
    private static partial void LogRejected(ILogger logger, string moduleId, int round, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: the merge of round {Round} is tried again after attempt {Attempt}")]
    private static partial void LogRetried(ILogger logger, Exception exception, string moduleId, int round, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "Module {ModuleId}: merge of round {Round} failed")]
    private static partial void LogFailed(ILogger logger, Exception exception, string moduleId, int round);
}
