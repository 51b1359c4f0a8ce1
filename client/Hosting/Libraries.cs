using Dmkd.Client.Errors;
using Dmkd.Contracts.Experts;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Routing;
using Dmkd.Serving;

namespace Dmkd.Client.Hosting;

/// <summary>Finds libraries and their modules.</summary>
internal static class Libraries
{
    /// <summary>Whether a library of a name was ever begun.</summary>
    public static async Task<bool> IsTakenAsync(IStateReader reader, string name, CancellationToken cancellationToken)
    {
        var runs = await reader.ListRunsAsync(cancellationToken);
        return runs.Any(run => run.Library == name);
    }

    /// <summary>Modules of a library, or of the newest that has any.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static Task<(string Library, IReadOnlyList<ModuleSnapshot> Modules)> OpenAsync(
        IStateReader reader,
        string? name,
        CancellationToken cancellationToken
    ) => FirstAsync(reader, name, library => reader.ListModulesAsync(library, cancellationToken), cancellationToken);

    /// <summary>The same, with the modules that cannot be read.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    public static Task<(string Library, IReadOnlyList<ListedModule> Modules)> LookThroughAsync(
        IStateReader reader,
        string? name,
        CancellationToken cancellationToken
    ) => FirstAsync(reader, name, library => reader.LookThroughAsync(library, cancellationToken), cancellationToken);

    private static async Task<(string Library, IReadOnlyList<T> Modules)> FirstAsync<T>(
        IStateReader reader,
        string? name,
        Func<string, Task<IReadOnlyList<T>>> list,
        CancellationToken cancellationToken
    )
    {
        if (name is not null && await list(name) is { Count: > 0 } named)
            return (name, named); // it may have come without a run
        var runs = await reader.ListRunsAsync(cancellationToken);
        foreach (
            string library in runs.Select(run => run.Library)
                .Where(library => name is null || library == name)
                .Reverse()
        )
        {
            var modules = await list(library);
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
        IStateReader reader,
        string? name,
        CancellationToken cancellationToken
    )
    {
        var (library, modules) = await OpenAsync(reader, name, cancellationToken);
        var fitted = await reader.GetGateAsync(library, cancellationToken);
        return LibraryMapping.ToManifest(library, modules, fitted);
    }

    /// <summary>A module of a library, or of the newest library that has any.</summary>
    /// <exception cref="BadInputException">There is none of the name.</exception>
    public static async Task<ModuleSnapshot> FindAsync(
        IStateReader reader,
        string? library,
        string module,
        CancellationToken cancellationToken
    )
    {
        var (opened, modules) = await OpenAsync(reader, library, cancellationToken);
        return modules.FirstOrDefault(known => known.Descriptor.Name == module)
            ?? throw new BadInputException(
                $"Library '{opened}' has no module '{module}'; it has: "
                    + $"{string.Join(", ", modules.Select(known => known.Descriptor.Name))}."
            );
    }
}
