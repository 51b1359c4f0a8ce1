using System.Data.Common;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Dmkd.Hosting.Storage;

/// <summary>Failures of a database, or of what it holds, that no repeat mends.</summary>
internal static class LastingFailures
{
    private const int SqliteError = 1; // of the statement: no such table or column
    private const int SqliteReadOnly = 8;
    private const int SqliteCorrupt = 11;
    private const int SqliteNotADatabase = 26;

    /// <summary>
    /// Classes of SQLSTATE: data exception, invalid authorization, no such database, no such schema, syntax error or
    /// access rule violation, internal error with data corrupted.
    /// </summary>
    private static readonly string[] LastingClasses = ["22", "28", "3D", "3F", "42", "XX"];

    /// <summary>Why a failure lasts, in one line; null when it may pass.</summary>
    public static string? CauseOf(Exception exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is JsonException or NotSupportedException or InvalidCastException)
                return $"its row is damaged, or of a newer program: {FirstLine(e)}";
            if (e is DbException failure && IsLasting(failure))
                return FirstLine(failure);
        }

        return null;
    }

    private static bool IsLasting(DbException failure) =>
        failure switch
        {
            SqliteException { SqliteErrorCode: SqliteError or SqliteReadOnly or SqliteCorrupt or SqliteNotADatabase } =>
                true,
            PostgresException { IsTransient: false } refusal => LastingClasses.Any(lasting =>
                refusal.SqlState.StartsWith(lasting, StringComparison.Ordinal)
            ),
            _ => false,
        };

    /// <summary>The first line of what it says.</summary>
    public static string FirstLine(Exception e) => e.Message.Split('\n', 2)[0].Trim();
}
