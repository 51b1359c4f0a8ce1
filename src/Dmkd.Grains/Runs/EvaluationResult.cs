using Dmkd.Core.Training;

namespace Dmkd.Grains.Runs;

/// <summary>What an evaluation after a task found.</summary>
/// <param name="Scores">What was measured.</param>
/// <param name="DeviceSeconds">Device time, in seconds.</param>
internal sealed record EvaluationResult(EvaluationScores Scores, double DeviceSeconds) : EvaluationScores(Scores);
