using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>How long an update is: L2 norms in float64, the same bits on every machine.</summary>
/// <param name="Trained">Over the weights that are trained. Running statistics stay out: their scale is the activations', not that of a step.</param>
/// <param name="Statistics">Over batch norm's running statistics; 0 without any.</param>
public readonly record struct UpdateNorms(double Trained, double Statistics)
{
    /// <summary>Measures an update.</summary>
    /// <param name="update">Float32. Borrowed.</param>
    /// <returns>Not finite when a value is not.</returns>
    /// <exception cref="ArgumentException">A tensor is not float32.</exception>
    public static UpdateNorms Of(WeightSet update)
    {
        ArgumentNullException.ThrowIfNull(update);
        double trained = 0, statistics = 0;
        foreach (var (name, tensor) in update)
            (RunningStatistics.Contains(name) ? ref statistics : ref trained) += SquareSum.Of(tensor);
        return new UpdateNorms(Math.Sqrt(trained), Math.Sqrt(statistics));
    }
}
