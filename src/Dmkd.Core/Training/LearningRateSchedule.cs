namespace Dmkd.Core.Training;

/// <summary>Learning rates over time.</summary>
public static class LearningRateSchedule
{
    private const double Floor = 0.02;

    /// <summary>Half a cosine over the rounds of a task, from the initial rate down to 2 % of it.</summary>
    /// <param name="initial">Rate of the first round.</param>
    /// <param name="round">The round, in [0, rounds).</param>
    /// <param name="rounds">Number of rounds, at least 1.</param>
    public static double Cosine(double initial, int round, int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(round);
        return initial * (Floor + (1 - Floor) * 0.5 * (1 + Math.Cos(Math.PI * round / rounds)));
    }

    /// <summary>Half a cosine over the steps of a training, from the initial rate down to 0.</summary>
    /// <param name="initial">Rate of the first step.</param>
    /// <param name="done">Share of the steps done, in [0, 1].</param>
    public static double HalfCosine(double initial, double done) => initial * 0.5 * (1 + Math.Cos(Math.PI * done));
}
