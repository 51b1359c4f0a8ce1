using Dmkd.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Runs;

internal sealed partial class TrainingRunGrain
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Run {RunId}: failed in phase {Phase}")]
    private static partial void LogFailed(ILogger logger, Exception exception, string runId, RunPhase phase);

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {RunId}: after task {Task} accuracy is {ClassIncremental:P1} class-incremental, {TaskIncremental:P1} task-incremental")]
    private static partial void LogEvaluated(ILogger logger, string runId, int task, double classIncremental, double taskIncremental);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {RunId}: phase {Phase} cannot be stored: {Problem} It goes on by itself, from what is stored, once it can")]
    private static partial void LogNotStored(ILogger logger, string runId, RunPhase phase, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {RunId}: stopped in phase {Phase}; it waits to be resumed")]
    private static partial void LogStopped(ILogger logger, string runId, RunPhase phase);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {RunId}: phase {Phase} is tried again after attempt {Attempt}")]
    private static partial void LogRetried(ILogger logger, Exception exception, string runId, RunPhase phase, int attempt);
}
