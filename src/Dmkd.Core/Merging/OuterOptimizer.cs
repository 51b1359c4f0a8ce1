using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging;

/// <summary>
/// Takes a round's merged update <c>u</c> as the negative gradient of stochastic gradient descent with Nesterov
/// momentum (DiLoCo, Douillard et al. 2023): <c>v ← μ v + u</c>, step <c>η (u + μ v)</c>. With <c>η</c> = 1 and
/// <c>μ</c> = 0 the step is the update: the proposal's merge.
/// </summary>
/// <remarks>
/// Batch norm's running statistics take the merged update as it is. They are estimates, not parameters: there is no
/// loss that a longer step would lower, and momentum would carry them beyond what any node measured, variances even
/// below zero.
/// </remarks>
public sealed class OuterOptimizer
{
    private const string PlainName = "plain";
    private const string NesterovName = "nesterov";
    private const double DefaultPlainRate = 1;
    private const double DefaultNesterovRate = 0.7;
    private const double DefaultMomentum = 0.9;

    private OuterOptimizer(string name, double learningRate, double momentum)
    {
        if (!(learningRate > 0 && double.IsFinite(learningRate)))
            throw new ArgumentOutOfRangeException(
                nameof(learningRate),
                learningRate,
                $"The outer learning rate must be positive; it is {learningRate}."
            );
        if (!(momentum is >= 0 and < 1))
            throw new ArgumentOutOfRangeException(
                nameof(momentum),
                momentum,
                $"The outer momentum must be in [0, 1); it is {momentum}."
            );
        Name = name;
        LearningRate = learningRate;
        Momentum = momentum;
    }

    /// <summary>Names that <see cref="Named"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [PlainName, NesterovName];

    /// <summary>Short name for plans and reports.</summary>
    public string Name { get; }

    /// <summary>How much of the way to go, <c>η</c>, positive.</summary>
    public double LearningRate { get; }

    /// <summary>How much of the last rounds' direction stays, <c>μ</c>, in [0, 1).</summary>
    public double Momentum { get; }

    /// <summary>Without momentum.</summary>
    /// <param name="learningRate">Positive; 1 is the proposal's merge.</param>
    /// <exception cref="ArgumentOutOfRangeException">The learning rate is out of its range.</exception>
    public static OuterOptimizer Plain(double learningRate = DefaultPlainRate) => new(PlainName, learningRate, 0);

    /// <summary>With Nesterov momentum; the defaults are DiLoCo's.</summary>
    /// <param name="learningRate">Positive.</param>
    /// <param name="momentum">In [0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of its range.</exception>
    public static OuterOptimizer Nesterov(
        double learningRate = DefaultNesterovRate,
        double momentum = DefaultMomentum
    ) => new(NesterovName, learningRate, momentum);

    /// <summary>Makes an optimizer by name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="learningRate">Positive; null for the default.</param>
    /// <param name="momentum">In [0, 1); null for the default. The plain optimizer has none.</param>
    /// <exception cref="ArgumentException">There is no such optimizer, or a parameter is out of its range; the message
    /// says what there is.</exception>
    public static OuterOptimizer Named(string name, double? learningRate = null, double? momentum = null) =>
        name switch
        {
            PlainName when momentum is null or 0 => Plain(learningRate ?? DefaultPlainRate),
            PlainName => throw new ArgumentException(
                $"The outer optimizer '{name}' has no momentum; it was given {momentum}.",
                nameof(momentum)
            ),
            NesterovName => Nesterov(learningRate ?? DefaultNesterovRate, momentum ?? DefaultMomentum),
            _ => throw new ArgumentException(
                $"There is no outer optimizer '{name}'; there are: {string.Join(", ", Names)}.",
                nameof(name)
            ),
        };

    /// <summary>Turns a round's merged update into a step.</summary>
    /// <param name="update">Float64 or float32. Borrowed.</param>
    /// <param name="momentum">What the round before gave, <c>v</c>; null in the first round. Not looked at without
    /// momentum. Borrowed.</param>
    /// <returns>Step and new momentum, owned by the caller. The momentum of running statistics is zero.</returns>
    /// <exception cref="ArgumentException">The momentum has other names or shapes, or a new one that is not finite; the
    /// message names the tensor.</exception>
    public OuterStep Step(WeightSet update, WeightSet? momentum)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (Momentum == 0)
            return new OuterStep(update.Map(Scaled), null);
        if (momentum is not null)
            WeightSchema.RequireSame(update, momentum, nameof(momentum));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        List<KeyValuePair<string, Tensor>> steps = [],
            velocities = [];
        foreach (var (name, tensor) in update)
        {
            var (step, velocity) = RunningStatistics.Contains(name)
                ? (tensor.to(ScalarType.Float64, copy: true), zeros(tensor.shape, dtype: ScalarType.Float32))
                : Nesterov(name, tensor, momentum?[name]);
            steps.Add(new(name, step));
            velocities.Add(new(name, velocity));
        }

        return new OuterStep(new WeightSet(steps), new WeightSet(velocities));
    }

    private Tensor Scaled(string name, Tensor update)
    {
        var copy = update.to(ScalarType.Float64, copy: true);
        return RunningStatistics.Contains(name) ? copy : copy.mul_(LearningRate);
    }

    private (Tensor Step, Tensor Velocity) Nesterov(string name, Tensor update, Tensor? last)
    {
        using var scope = NewDisposeScope();
        var velocity = update.to(ScalarType.Float64, copy: true);
        if (last is not null)
            velocity.add_(last.to(ScalarType.Float64).mul_(Momentum));
        var step = velocity.mul(Momentum).add_(update).mul_(LearningRate);
        var stored = velocity.to(ScalarType.Float32);
        WeightSchema.RequireFinite(name, stored, "the new momentum");
        return (step.MoveToOuterDisposeScope(), stored.MoveToOuterDisposeScope());
    }
}

/// <summary>What an outer optimizer answers to a round. Owns its tensors.</summary>
/// <param name="Step">What to add to the module's weights, float64, in the update's order; see
/// <see cref="ModuleAverager.Apply"/>.</param>
/// <param name="Momentum">What to give the optimizer in the next round, float32; null when it has no momentum.</param>
public sealed record OuterStep(WeightSet Step, WeightSet? Momentum) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Step.Dispose();
        Momentum?.Dispose();
    }
}
