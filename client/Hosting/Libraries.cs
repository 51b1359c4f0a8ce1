using Dmkd.Client.Errors;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Grains.Routing;
using Dmkd.Serving;

namespace Dmkd.Client.Hosting;

/// <summary>Finds libraries and their modules.</summary>
internal static class Libraries
{
    /// <summary>Whether a library of a name was ever begun.</summary>
    public static async Task<bool> IsTakenAsync(IGrainFactory grains, string name, CancellationToken cancellationToken)
    {
        var runs = await FoundRun.ListAsync(grains, cancellationToken);
        return runs.Any(run => run.Library == name);
    }

    /// <summary>Modules of a library, or of the newest that has any.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static async Task<(string Library, IReadOnlyList<ModuleSnapshot> Modules)> OpenAsync(
        IGrainFactory grains,
        string? name,
        CancellationToken cancellationToken
    )
    {
        if (name is not null && await ModulesAsync(grains, name, cancellationToken) is { Count: > 0 } named)
            return (name, named); // it may have come without a run
        var runs = await FoundRun.ListAsync(grains, cancellationToken);
        foreach (
            string library in runs.Select(run => run.Library)
                .Where(library => name is null || library == name)
                .Reverse()
        )
        {
            var modules = await ModulesAsync(grains, library, cancellationToken);
            if (modules.Count > 0)
                return (library, modules);
        }

        string known =
            runs.Count == 0
                ? "there are no runs yet"
                : $"there are: {string.Join(", ", runs.Select(run => run.Library))}";
        throw new BadInputException(
            name is null ? $"No library has modules; {known}." : $"Library '{name}' has no modules; {known}."
        );
    }

    /// <summary>What a library holds, or the newest that has any modules.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static async Task<LibraryManifest> ManifestAsync(
        IGrainFactory grains,
        string? name,
        CancellationToken cancellationToken
    )
    {
        var (library, modules) = await OpenAsync(grains, name, cancellationToken);
        var fitted = await Retried.AskAsync(
            () => grains.GetGrain<IModuleCatalogGrain>(library).GetGateAsync(cancellationToken),
            cancellationToken
        );
        return LibraryMapping.ToManifest(library, modules, fitted);
    }

    /// <summary>A module of a library, or of the newest library that has any.</summary>
    /// <exception cref="BadInputException">There is none of the name.</exception>
    public static async Task<ModuleSnapshot> FindAsync(
        IGrainFactory grains,
        string? library,
        string module,
        CancellationToken cancellationToken
    )
    {
        var (opened, modules) = await OpenAsync(grains, library, cancellationToken);
        return modules.FirstOrDefault(known => known.Descriptor.Name == module)
            ?? throw new BadInputException(
                $"Library '{opened}' has no module '{module}'; it has: "
                    + $"{string.Join(", ", modules.Select(known => known.Descriptor.Name))}."
            );
    }

    private static Task<IReadOnlyList<ModuleSnapshot>> ModulesAsync(
        IGrainFactory grains,
        string library,
        CancellationToken cancellationToken
    ) =>
        Retried.AskAsync(
            () => grains.GetGrain<IModuleCatalogGrain>(library).ListAsync(cancellationToken),
            cancellationToken
        );
}
