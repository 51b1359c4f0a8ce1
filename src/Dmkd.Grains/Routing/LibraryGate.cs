using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Routing;
using Dmkd.Core.Routing.Discriminants;

namespace Dmkd.Grains.Routing;

/// <summary>The gate of a request, with what was fitted for the experts it asks.</summary>
/// <param name="Gate">The gate.</param>
/// <param name="Pairs">Affine pair of each expert asked; null without calibration.</param>
/// <param name="Scorer">Parameters of <c>mlp</c> or <c>hybrid</c>; null for others.</param>
/// <param name="Places">Place of each expert asked among those that were fitted.</param>
/// <param name="Discriminants">Discriminant of each expert asked; null without.</param>
internal sealed record LibraryGate(IGate Gate, AffinePair[]? Pairs, ScorerGateParameters? Scorer, int[] Places, LinearDiscriminant[]? Discriminants)
{
    /// <summary>Whether a request's routing needs what was fitted.</summary>
    public static bool IsFitted(RouteRequest request) => ScorerGate.IsNamed(request.Routing.Gate) || request.Calibration != Calibrations.None;

    /// <summary>Makes the gate of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="experts">The experts asked.</param>
    /// <param name="fitted">What the library's routing was fitted to; null when it was not.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="library">The library.</param>
    /// <exception cref="ArgumentException">There is no such gate, or the library lacks what it needs.</exception>
    public static LibraryGate Of(RouteRequest request, IReadOnlyList<ModuleSnapshot> experts, FittedGate? fitted, GateParameters? parameters, string library)
    {
        var score = EvidenceScores.Find(request.Routing.Score);
        if (!IsFitted(request)) return new LibraryGate(GateCatalog.Create(request.Routing.Gate, score), null, null, [], null);
        RouterRules.CheckFitted(request, fitted, library);
        int[] places = [.. experts.Select(expert => Array.IndexOf(fitted!.Modules, expert.Descriptor.Name))];
        int missing = Array.IndexOf(places, -1);
        if (missing >= 0)
            throw new ArgumentException($"The routing of library '{library}' was fitted before {experts[missing].Descriptor.Name} came; it is fitted again at the end of that task.", nameof(request));
        var pairs = parameters!.Pairs is { } all ? places.Select(place => all[place]).ToArray() : null;
        var gate = GateCatalog.Create(request.Routing.Gate, score, parameters.Scorer is { } own ? new PairScorer(own.Scorer) : null);
        var discriminants = parameters.Discriminants is { } fits ? places.Select(place => fits[place]).ToArray() : null;
        return new LibraryGate(gate, pairs, parameters.Scorer, places, discriminants);
    }

    /// <summary>Experts with the features of a batch, where the gate scores such.</summary>
    public ExpertView[] WithFeatures(ExpertView[] views, RouteRequest request)
    {
        if (Scorer is null) return views;
        double[] descriptors = InputDescriptor.Describe(request.Pixels, request.Count, request.Channels, request.Size);
        return [.. views.Select((view, k) => Scorer.WithFeatures(view, Places[k], descriptors))];
    }

    /// <summary>Experts with their scores made comparable.</summary>
    public ExpertView[] Calibrated(ExpertView[] views, int batch)
    {
        if (Pairs is not null) return [.. views.Select((view, k) => Pairs[k].Apply(view))];
        return Discriminants is null ? views : WithShares(views, batch);
    }

    /// <summary>Adds to every score of an expert how probable its task is by the discriminants (docs/adr/0019).</summary>
    private ExpertView[] WithShares(ExpertView[] views, int batch)
    {
        int[] oldestFirst = [.. Enumerable.Range(0, views.Length).OrderBy(k => Places[k])];
        double[][] shares = DiscriminantChain.LogShares(
            [.. oldestFirst.Select(k => new DiscriminantView(views[k].Classes, Discriminants![k].Classes, views[k].Features!))], batch);
        var shifted = new ExpertView[views.Length];
        for (int step = 0; step < oldestFirst.Length; step++) shifted[oldestFirst[step]] = views[oldestFirst[step]].Shifted(shares[step]);
        return shifted;
    }
}
