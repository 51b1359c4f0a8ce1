using Dmkd.Contracts.Merging;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Nodes;

internal sealed partial class NodeParticipant
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Module {ModuleId}: node {NodeId} finished round {Round} on {Samples} images, loss {Loss:F3}, {DeviceSeconds:F1} device seconds")]
    private static partial void LogUpdated(ILogger logger, string moduleId, string nodeId, int round, long samples, double loss, double deviceSeconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Module {ModuleId}: node {NodeId} failed in round {Round}")]
    private static partial void LogFailed(ILogger logger, Exception exception, string moduleId, string nodeId, int round);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: update of node {NodeId} for round {Round} was not used: {Outcome} {Reason}")]
    private static partial void LogIgnored(ILogger logger, string moduleId, string nodeId, int round, SubmissionOutcome outcome, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Module {ModuleId}: node {NodeId} submits round {Round} again after attempt {Attempt}")]
    private static partial void LogRetried(ILogger logger, Exception exception, string moduleId, string nodeId, int round, int attempt);
}
