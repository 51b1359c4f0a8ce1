namespace Dmkd.Serving;

/// <summary>Decisions about who answers, as functions of the library and the question.</summary>
public static class LibraryRules
{
    /// <summary>The library's gate network.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    public static LibraryMember GateOf(LibraryManifest library)
    {
        ArgumentNullException.ThrowIfNull(library);
        return library.GateNetwork
            ?? throw new ArgumentException(
                $"Library '{library.Name}' has no gate network; route with another gate.",
                nameof(library)
            );
    }

    /// <summary>Experts that know a candidate class and take such inputs.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<LibraryMember> Relevant(
        LibraryManifest library,
        InputTensor inputs,
        IReadOnlyList<int[]> candidateSets
    )
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(inputs);
        var wanted = candidateSets.SelectMany(set => set).ToHashSet();
        LibraryMember[] relevant = [.. library.Experts.Where(expert => expert.Classes.Any(wanted.Contains))];
        if (relevant.Length == 0)
            throw new ArgumentException(
                $"Library '{library.Name}' has no module for the classes {string.Join(", ", wanted.Order())}.",
                nameof(candidateSets)
            );
        foreach (var expert in relevant)
        {
            if (expert.Input.Takes(inputs.Signature))
                continue;
            if (inputs.Name != expert.Input.Name)
                throw new ArgumentException(
                    $"Module {expert.Key} takes '{expert.Input.Name}', not '{inputs.Name}'.",
                    nameof(inputs)
                );
            throw new ArgumentException(
                $"Module {expert.Key} takes inputs of {expert.Input}, not {inputs.InputShape}.",
                nameof(inputs)
            );
        }

        return relevant;
    }

    /// <summary>The fit that a plan needs.</summary>
    /// <exception cref="ArgumentException">The library was not fitted to it; says what the library has.</exception>
    public static FittedRouting RequireFit(LibraryManifest library, RoutingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(plan);
        var fitted = library.Fitted;
        if (fitted is null)
            throw new ArgumentException(
                $"Library '{library.Name}' was not fitted for {plan.Wanted}; it was for none.",
                nameof(plan)
            );
        var own = fitted.Plan;
        if ((own.Gate, own.Calibration) != (plan.Gate, plan.Calibration))
            throw new ArgumentException(
                $"Library '{library.Name}' was not fitted for {plan.Wanted}; it was for gate '{own.Gate}' and "
                    + $"calibration '{own.Calibration}'.",
                nameof(plan)
            );
        if (!own.ScoresAs(plan))
            throw new ArgumentException(
                $"Library '{library.Name}' was fitted for {plan.Wanted} with {own.Views} views, score "
                    + $"{own.Score}, centred {own.Centred}; "
                    + $"ask so, not with {plan.Views}, {plan.Score}, {plan.Centred}.",
                nameof(plan)
            );
        return fitted;
    }

    /// <summary>Place of each expert among those of a fit.</summary>
    /// <exception cref="ArgumentException">The fit does not know one of them.</exception>
    public static int[] PlacesOf(string library, FittedRouting fitted, IReadOnlyList<LibraryMember> experts)
    {
        ArgumentNullException.ThrowIfNull(fitted);
        ArgumentNullException.ThrowIfNull(experts);
        string[] known = [.. fitted.Modules];
        int[] places = [.. experts.Select(expert => Array.IndexOf(known, expert.Name))];
        int missing = Array.IndexOf(places, -1);
        if (missing < 0)
            return places;
        throw new ArgumentException(
            $"The routing of library '{library}' was fitted before {experts[missing].Name} came; it is "
                + $"fitted again at the end of that task.",
            nameof(experts)
        );
    }
}
