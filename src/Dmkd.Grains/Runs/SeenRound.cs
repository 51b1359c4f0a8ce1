namespace Dmkd.Grains.Runs;

/// <summary>A merge that a node's update came to.</summary>
/// <param name="Task">Its task, from 0.</param>
/// <param name="Round">Its round within the task, from 0.</param>
internal sealed record SeenRound(int Task, int Round);
