using Dmkd.Core.Routing.Discriminants;

namespace Dmkd.Core.Routing;

/// <summary>
/// Evidence of scores to which the probability of the expert's task was added, by linear discriminants in every
/// expert's feature space (the calibration <c>discriminant</c>, docs/adr/0019). Fitted to moments that the nodes sum
/// up.
/// </summary>
public sealed class DiscriminantGate : IGate
{
    /// <summary>Name by which options choose the calibration.</summary>
    public const string CalibrationName = "discriminant";

    private readonly EvidenceScore _score;
    private readonly LinearDiscriminant[]? _discriminants; // of each expert asked
    private readonly int[] _oldestFirst; // the experts asked, in the order of the fit

    /// <summary>Makes a gate that is not fitted yet.</summary>
    /// <param name="score">How class scores become evidence.</param>
    public DiscriminantGate(EvidenceScore score)
        : this(score, null, []) { }

    private DiscriminantGate(EvidenceScore score, LinearDiscriminant[]? discriminants, int[] oldestFirst)
    {
        _score = score;
        _discriminants = discriminants;
        _oldestFirst = oldestFirst;
    }

    /// <inheritdoc/>
    public GateNeeds Needs => GateNeeds.Moments;

    /// <inheritdoc/>
    public GateParameters Fit(GateEvidence evidence)
    {
        if (evidence is not ExpertMoments moments)
            throw new ArgumentException($"The calibration '{CalibrationName}' is fitted to moments.", nameof(evidence));
        return ToParameters([.. moments.Experts.Select(LinearDiscriminant.Fit)]);
    }

    /// <inheritdoc/>
    public IGate Fitted(GateParameters parameters, IReadOnlyList<int> places)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(places);
        parameters.Require(CalibrationName);
        int[] oldestFirst = [.. Enumerable.Range(0, places.Count).OrderBy(k => places[k])];
        return new DiscriminantGate(
            _score,
            [.. places.Select(place => FromParameters(parameters, place))],
            oldestFirst
        );
    }

    /// <inheritdoc/>
    public IReadOnlyList<ExpertView> Look(IBatchScores batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var own =
            _discriminants
            ?? throw new InvalidOperationException(
                $"The calibration '{CalibrationName}' is fitted to moments, and here it was not."
            );
        var views = new ExpertView[own.Length];
        for (int k = 0; k < views.Length; k++)
        {
            var (scores, features) = batch.ScoresAndFeaturesOf(k);
            using (features)
                views[k] = batch.Experts[k] with { ClassScores = scores, Features = own[k].Score(features) };
        }

        DiscriminantView[] chain =
        [
            .. _oldestFirst.Select(k => new DiscriminantView(views[k].Classes, own[k].Classes, views[k].Features!)),
        ];
        double[][] shares = DiscriminantChain.LogShares(chain, batch.Count);
        var shifted = new ExpertView[views.Length];
        for (int step = 0; step < chain.Length; step++)
        {
            int k = _oldestFirst[step];
            shifted[k] = views[k].Shifted(shares[step]);
        }

        return shifted;
    }

    /// <inheritdoc/>
    public double Score(ExpertInput pair) => EvidenceScores.Of(_score, pair.Scores());

    internal static GateParameters ToParameters(IReadOnlyList<LinearDiscriminant> discriminants)
    {
        var parameters = new GateParameters(CalibrationName);
        for (int place = 0; place < discriminants.Count; place++)
        {
            var own = discriminants[place];
            parameters[$"{place}.classes"] = GateArray.Vector(Array.ConvertAll(own.Classes, label => (double)label));
            parameters[$"{place}.weights"] = new GateArray([own.Classes.Length, own.Width], own.Weights);
            parameters[$"{place}.offsets"] = GateArray.Vector(own.Offsets);
        }

        return parameters;
    }

    private static LinearDiscriminant FromParameters(GateParameters parameters, int place)
    {
        var weights = parameters[$"{place}.weights"];
        int[] classes = Array.ConvertAll(parameters[$"{place}.classes"].Values, label => (int)label);
        return new LinearDiscriminant(
            (int)weights.Shape[1],
            classes,
            weights.Values,
            parameters[$"{place}.offsets"].Values
        );
    }
}
