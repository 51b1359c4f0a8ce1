using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Core.Models;
using Dmkd.Grains.Libraries;
using Dmkd.Grains.Nodes;
using Dmkd.Grains.Runs;
using Dmkd.Hosting.Clustering;

namespace Dmkd.Client.Commands;

/// <summary>Options that every command has.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string> _home = new("--home")
    {
        Description = "Folder of runs and modules",
        DefaultValueFactory = _ => HomeFolder.Default,
    };
    private readonly Option<string?> _cluster = new("--cluster")
    {
        Description =
            "PostgreSQL database of a cluster of silos, such as \"Host=db;Database=dmkd;Username=dmkd\"; "
            + "without it, and without DMKD_CLUSTER, a silo runs inside the console",
    };

    private readonly Option<string?> _weights = new("--cluster-weights")
    {
        Description = "Folder of the cluster's weights, when its silos keep them in one",
    };
    private readonly Option<string?> _certificates = new("--certificates")
    {
        Description =
            "Folder of the certificate for a cluster that asks for one (dmkd certs issue); else DMKD_CERTIFICATES",
    };
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one JSON document on standard output; progress goes to standard error",
    };
    private readonly Option<bool> _verbose = new("--verbose")
    {
        Description = "Print the silo's log on standard error",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_home);
        command.Options.Add(_cluster);
        command.Options.Add(_weights);
        command.Options.Add(_certificates);
        command.Options.Add(_json);
        command.Options.Add(_verbose);
    }

    public string Home(ParseResult parsed) => Path.GetFullPath(parsed.GetValue(_home)!);

    /// <summary>The folder that the user named; null when none was.</summary>
    public string? HomeGiven(ParseResult parsed) =>
        parsed.GetResult(_home) is { Implicit: false } ? Home(parsed) : null;

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    public bool Verbose(ParseResult parsed) => parsed.GetValue(_verbose);

    /// <summary>Where what a command makes is stored, for messages.</summary>
    public string Place(ParseResult parsed) =>
        Cluster(parsed) is { } cluster
            ? $"the cluster {ClusterDatabase.NameOf(cluster.ConnectionString)}"
            : Home(parsed);

    /// <summary>The same, with the options by which a later command finds it.</summary>
    public Storage StorageOf(ParseResult parsed)
    {
        bool isDefault = Cluster(parsed) is null && Home(parsed) == Path.GetFullPath(HomeFolder.Default);
        return new Storage(Place(parsed), isDefault ? "" : $" {PlaceOptions(parsed)}");
    }

    /// <summary>The options by which a later command finds the same place.</summary>
    public string PlaceOptions(ParseResult parsed)
    {
        if (Cluster(parsed) is null)
            return $"--home {Home(parsed)}";
        return parsed.GetValue(_certificates) is null ? "--cluster ..." : "--cluster ... --certificates ...";
    }

    /// <summary>Whether the work goes on without this console.</summary>
    public bool IsCluster(ParseResult parsed) => Cluster(parsed) is not null || SiloOf(Home(parsed)) is not null;

    /// <summary>Whether a cluster is named, rather than a folder.</summary>
    public bool NamesCluster(ParseResult parsed) => Cluster(parsed) is not null;

    /// <summary>Connects to the cluster, or starts a silo over the home folder, which must hold something.</summary>
    /// <exception cref="BadInputException">Nothing is stored there, or nobody answers.</exception>
    public Task<ICluster> OpenAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        RequireRuns(parsed);
        // who only looks does not train
        return StartAsync(parsed, null, new InterruptedRuns(resumeOnAccess: false), cancellationToken);
    }

    /// <summary>Connects to the cluster, or reads the home folder without a silo.</summary>
    /// <exception cref="BadInputException">Nothing is stored there, or nobody answers.</exception>
    public async Task<Look> LookAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        RequireRuns(parsed);
        string home = Home(parsed);
        if (IsCluster(parsed))
            return await LookThroughGrainsAsync(parsed, cancellationToken);
        bool isHeld = HomeLock.IsHeld(home); // before the look, so that what ends meanwhile is told as it ended
        var folder = new SiloStorageOptions(home);
        var reader = await StoredStateReader.OpenAsync(folder, isHeld, cancellationToken);
        return new Look(reader, folder.OpenWeights(), cluster: null);
    }

    /// <summary>The same for what only silos know while they work: a folder that is held is refused.</summary>
    /// <inheritdoc cref="LookAsync"/>
    public Task<Look> LookAtWorkAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        !IsCluster(parsed) && HomeLock.IsHeld(Home(parsed))
            ? LookThroughGrainsAsync(parsed, cancellationToken)
            : LookAsync(parsed, cancellationToken);

    private async Task<Look> LookThroughGrainsAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var cluster = await OpenAsync(parsed, cancellationToken);
        return new Look(cluster.Reader, cluster.Weights, cluster);
    }

    /// <summary>Finds a run that the command line names.</summary>
    /// <exception cref="BadInputException">There is no such run.</exception>
    public Task<FoundRun> FindRunAsync(
        ParseResult parsed,
        IStateReader reader,
        string runId,
        CancellationToken cancellationToken
    ) => FoundRun.OfAsync(reader, runId, Place(parsed), cancellationToken);

    /// <summary>Refuses a home folder that nothing was ever stored in.</summary>
    /// <exception cref="BadInputException">There is no such folder, or it holds no runs.</exception>
    public void RequireRuns(ParseResult parsed)
    {
        if (Cluster(parsed) is null)
            HomeFolder.RequireRuns(Home(parsed));
    }

    /// <summary>Connects to the cluster, or starts a silo over the home folder.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="datasets">Data sets read so far, for a silo inside the console; null for none.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <param name="resumesOnAccess">Whether a run goes on as soon as it is looked at.</param>
    /// <exception cref="BadInputException">The folder is in use, or nobody answers.</exception>
    /// <exception cref="ConvolutionException">This machine's convolutions are wrong, and it would be the one to
    /// train.</exception>
    public Task<ICluster> StartAsync(
        ParseResult parsed,
        DatasetCache? datasets,
        CancellationToken cancellationToken,
        bool resumesOnAccess = true
    )
    {
        RequireConvolutions(parsed);
        return StartAsync(parsed, datasets, new InterruptedRuns(resumesOnAccess), cancellationToken);
    }

    /// <summary>Refuses to compute here when this machine's convolutions are wrong.</summary>
    /// <exception cref="ConvolutionException">They are.</exception>
    public void RequireConvolutions(ParseResult parsed)
    {
        if (Cluster(parsed) is null)
            Convolution.Require();
    }

    private async Task<ICluster> StartAsync(
        ParseResult parsed,
        DatasetCache? datasets,
        InterruptedRuns interrupted,
        CancellationToken cancellationToken
    )
    {
        bool verbose = Verbose(parsed);
        if (Cluster(parsed) is { } cluster)
            return await ConnectedCluster.ConnectAsync(cluster, Certificates(parsed), verbose, cancellationToken);
        string home = Home(parsed);
        return SiloOf(home) is { } port
            ? await ConnectedCluster.ConnectAsync(new SiloStorageOptions(home), port, verbose, cancellationToken)
            : await EmbeddedSilo.StartAsync(home, datasets, interrupted, verbose, cancellationToken);
    }

    /// <summary>Where the silo answers that holds a folder; null when none does, and a console takes the folder.</summary>
    private static int? SiloOf(string home) => HomeLock.IsHeld(home) ? HomeLock.HolderOf(home)?.GatewayPort : null;

    /// <summary>The cluster's database, for a command that needs nothing else of the cluster.</summary>
    /// <exception cref="BadInputException">None is named.</exception>
    public ClusterStorageOptions RequireCluster(ParseResult parsed) =>
        Cluster(parsed)
        ?? throw new BadInputException($"This is for a cluster: name its database by {_cluster.Name} or DMKD_CLUSTER.");

    private string? Certificates(ParseResult parsed) =>
        parsed.GetValue(_certificates)
        ?? (Environment.GetEnvironmentVariable("DMKD_CERTIFICATES") is { Length: > 0 } folder ? folder : null);

    private ClusterStorageOptions? Cluster(ParseResult parsed)
    {
        bool isGiven = parsed.GetResult(_cluster) is { Implicit: false };
        if (isGiven && HomeGiven(parsed) is not null)
            throw new BadInputException($"{_cluster.Name} and {_home.Name} are two places: give one.");
        string? connection = null;
        if (isGiven)
            connection = parsed.GetValue(_cluster);
        else if (HomeGiven(parsed) is null)
            connection = Environment.GetEnvironmentVariable("DMKD_CLUSTER");
        if (string.IsNullOrEmpty(connection))
            return parsed.GetValue(_certificates) is null
                ? null
                : throw new BadInputException(
                    $"{_certificates.Name} is for a cluster: name its database by {_cluster.Name} or DMKD_CLUSTER."
                );
        if (ClusterDatabase.ProblemOf(connection) is { } problem)
            throw new BadInputException(
                $"{_cluster.Name} must be a PostgreSQL connection string such as "
                    + $"Host=db;Database=dmkd;Username=dmkd;Password=...; {problem}."
            );
        return new ClusterStorageOptions(connection) { WeightsFolder = parsed.GetValue(_weights) };
    }
}

/// <summary>A command that touches no tensor, nor do those below it: libtorch is not loaded for it.</summary>
internal interface IWithoutTensors;
