namespace Dmkd.Experiments.Running;

/// <summary>How long an experiment goes on, by what its finished cells took.</summary>
internal static class TimeLeft
{
    /// <summary>Estimates the time left: each waiting cell takes the median of the finished ones of its method and data set, or of the nearest that there is.</summary>
    /// <param name="finished">Method, data set and seconds of each finished cell.</param>
    /// <param name="waiting">Method and data set of each cell that is not finished.</param>
    /// <param name="jobs">Cells at a time.</param>
    /// <returns>The time, or null when nothing is finished.</returns>
    public static TimeSpan? Estimate(IReadOnlyCollection<(string Method, string Dataset, double Seconds)> finished, IEnumerable<(string Method, string Dataset)> waiting, int jobs)
    {
        if (finished.Count == 0) return null;
        double seconds = waiting.Sum(cell =>
            MedianOf(one => one.Method == cell.Method && one.Dataset == cell.Dataset) ?? MedianOf(one => one.Method == cell.Method) ?? MedianOf(_ => true)!.Value);
        return TimeSpan.FromSeconds(seconds / jobs);

        double? MedianOf(Func<(string Method, string Dataset, double Seconds), bool> counts) => Median([.. finished.Where(counts).Select(one => one.Seconds).Order()]);
    }

    private static double? Median(double[] ascending) => ascending.Length == 0 ? null : (ascending[(ascending.Length - 1) / 2] + ascending[ascending.Length / 2]) / 2;
}
