namespace Dmkd.Core.Routing;

/// <summary>
/// Evidence of scores that one affine pair per expert has made comparable (the calibration <c>affine</c>,
/// docs/adr/0018). Fitted to exemplars.
/// </summary>
/// <param name="score">How class scores become evidence.</param>
/// <param name="pairs">Pair of each expert asked; null before the fit.</param>
public sealed class AffineGate(EvidenceScore score, IReadOnlyList<AffinePair>? pairs = null) : IGate
{
    /// <summary>Name by which options choose the calibration.</summary>
    public const string CalibrationName = "affine";

    private const string Scale = "scale",
        Shift = "shift";

    /// <inheritdoc/>
    public GateNeeds Needs => GateNeeds.Exemplars;

    /// <inheritdoc/>
    public GateParameters Fit(GateEvidence evidence)
    {
        if (evidence is not ExemplarScores exemplars)
            throw new ArgumentException(
                $"The calibration '{CalibrationName}' is fitted to exemplars.",
                nameof(evidence)
            );
        return ToParameters(AffineCalibration.Fit(exemplars.Experts, exemplars.Labels));
    }

    /// <inheritdoc/>
    public IGate Fitted(GateParameters parameters, IReadOnlyList<int> places)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        parameters.Require(CalibrationName);
        double[] scales = parameters[Scale].Values,
            shifts = parameters[Shift].Values;
        return new AffineGate(score, [.. places.Select(place => new AffinePair(scales[place], shifts[place]))]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExpertView> Look(IBatchScores batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var own =
            pairs
            ?? throw new InvalidOperationException(
                $"The calibration '{CalibrationName}' is fitted to exemplars, and here it was not."
            );
        ExpertView[] views = [.. batch.Experts.Select((expert, k) => expert with { ClassScores = batch.ScoresOf(k) })];
        return [.. views.Select((view, k) => own[k].Apply(view))];
    }

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => EvidenceScores.Of(score, pair.Scores());

    internal static GateParameters ToParameters(AffinePair[] pairs) =>
        new(CalibrationName)
        {
            [Scale] = GateArray.Vector([.. pairs.Select(pair => pair.Scale)]),
            [Shift] = GateArray.Vector([.. pairs.Select(pair => pair.Shift)]),
        };
}

/// <summary>Brings an expert's class scores to the scale and level of the others': <c>scale · s + shift</c>.</summary>
/// <param name="Scale">a_k, above 0.</param>
/// <param name="Shift">b_k.</param>
public readonly record struct AffinePair(double Scale, double Shift)
{
    /// <summary>The expert with its scores brought to scale.</summary>
    public ExpertView Apply(ExpertView expert)
    {
        ArgumentNullException.ThrowIfNull(expert);
        var pair = this;
        return expert with
        {
            ClassScores = Array.ConvertAll(expert.ClassScores, score => (float)(pair.Scale * score + pair.Shift)),
        };
    }
}
